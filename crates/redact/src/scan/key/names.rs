//! The keys, without regard to case, hyphens and underscores.

/// What stands under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Secret,
    Card,
    CardCode,
    Phone,
    Identity,
    Ssn,
    BirthDate,
    GivenName,
    FullName,
    Address,
}

use Meaning::{Address, BirthDate, Card, CardCode, FullName, GivenName, Identity, Phone, Secret, Ssn};

/// Ends of keys that mean something, the longest that fits first.
#[rustfmt::skip]
const ENDS: &[(&str, Meaning)] = &[
    ("password", Secret), ("passwd", Secret), ("passphrase", Secret), ("passwort", Secret), ("secret", Secret), ("apikey", Secret),
    ("secretkey", Secret), ("accesskey", Secret), ("privatekey", Secret), ("signingkey", Secret), ("encryptionkey", Secret),
    ("accesstoken", Secret), ("refreshtoken", Secret), ("idtoken", Secret), ("authtoken", Secret), ("sessiontoken", Secret),
    ("csrftoken", Secret), ("resettoken", Secret), ("bearertoken", Secret), ("apitoken", Secret), ("clientsecret", Secret),
    ("sessionid", Secret), ("phonenumber", Phone), ("mobilenumber", Phone), ("cellphone", Phone), ("telephone", Phone),
    ("phone", Phone), ("cardnumber", Card), ("creditcard", Card), ("nationalid", Identity), ("passportnumber", Identity),
    ("passportno", Identity), ("taxid", Identity), ("socialsecuritynumber", Ssn), ("dateofbirth", BirthDate), ("birthdate", BirthDate),
    ("birthday", BirthDate), ("firstname", GivenName), ("lastname", GivenName), ("givenname", GivenName), ("familyname", GivenName),
    ("middlename", GivenName), ("surname", GivenName), ("fullname", FullName), ("customername", FullName), ("cardholder", FullName),
    ("cardholdername", FullName), ("recipientname", FullName), ("contactname", FullName), ("streetaddress", Address),
    ("addressline", Address), ("streetname", Address), ("postaladdress", Address), ("homeaddress", Address), ("billingaddress", Address),
    ("shippingaddress", Address), ("deliveryaddress", Address),
];

/// Keys that mean something as a whole only.
#[rustfmt::skip]
const WHOLE: &[(&str, Meaning)] = &[
    ("pwd", Secret), ("pass", Secret), ("pw", Secret), ("token", Secret), ("jwt", Secret), ("auth", Secret), ("sid", Secret), ("phpsessid", Secret),
    ("jsessionid", Secret), ("connectsid", Secret), ("csrf", Secret), ("xsrf", Secret), ("xcsrftoken", Secret), ("otp", Secret),
    ("credentials", Secret), ("awssecretaccesskey", Secret), ("secretaccesskey", Secret), ("sessiontoken", Secret), ("sig", Secret), ("signature", Secret),
    ("xapikey", Secret), ("cvv", CardCode), ("cvc", CardCode), ("cvv2", CardCode), ("csc", CardCode), ("pan", Card), ("cc", Card), ("card", Card),
    ("ccnumber", Card), ("tel", Phone), ("mobile", Phone), ("msisdn", Phone), ("fax", Phone), ("cell", Phone), ("telefon", Phone),
    ("telefono", Phone), ("ssn", Ssn), ("dni", Identity), ("nif", Identity), ("nie", Identity), ("cpf", Identity), ("cnpj", Identity),
    ("pesel", Identity), ("bsn", Identity), ("nino", Identity), ("aadhaar", Identity), ("aadhar", Identity), ("personnummer", Identity),
    ("passport", Identity), ("sin", Identity), ("nationalidnumber", Identity), ("identitynumber", Identity), ("idnumber", Identity), ("curp", Identity),
    ("codicefiscale", Identity), ("nir", Identity), ("steuerid", Identity), ("driverslicense", Identity), ("dob", BirthDate), ("born", BirthDate),
    ("name", FullName), ("realname", FullName), ("fname", GivenName), ("lname", GivenName), ("vorname", GivenName),
    ("nachname", GivenName), ("prenom", GivenName), ("nom", GivenName), ("apellido", GivenName), ("apellidos", GivenName),
    ("address", Address), ("street", Address), ("address1", Address), ("address2", Address), ("addr", Address), ("adresse", Address), ("direccion", Address),
    ("indirizzo", Address), ("strasse", Address),
];

/// The longest key, folded.
const LONGEST: usize = 32;

/// By the first byte, the lengths that whole keys have: most keys are seen to be none at once.
#[expect(clippy::indexing_slicing, reason = "at compile time")]
const SHAPES: [u32; 256] = {
    let mut shapes = [0; 256];
    let mut at = 0;
    while at < WHOLE.len() {
        let name = WHOLE[at].0.as_bytes();
        shapes[name[0] as usize] |= 1 << name.len();
        at += 1;
    }
    shapes
};

/// By the last byte but one, the last bytes that ends have, five bits of each.
#[expect(clippy::indexing_slicing, reason = "at compile time")]
const TAILS: [u32; 32] = {
    let mut tails = [0; 32];
    let mut at = 0;
    while at < ENDS.len() {
        let name = ENDS[at].0.as_bytes();
        tails[(name[name.len() - 2] & 31) as usize] |= 1 << (name[name.len() - 1] & 31);
        at += 1;
    }
    tails
};

/// What stands under this key.
pub(super) fn meaning(key: &[u8]) -> Option<Meaning> {
    let mut folded = [0_u8; LONGEST];
    let mut length = 0;
    // The end of the key tells, so a longer one loses its beginning.
    for byte in key.iter().rev().filter(|byte| byte.is_ascii_alphanumeric()).take(LONGEST) {
        length += 1;
        *folded.get_mut(LONGEST.checked_sub(length)?)? = byte.to_ascii_lowercase();
    }
    let key = folded.get(LONGEST.checked_sub(length)?..)?;
    let shapes = SHAPES.get(usize::from(*key.first()?))?;
    let may_be_whole = shapes >> key.len().min(31) & 1 == 1;
    let whole = if may_be_whole { WHOLE.iter().find(|(name, _)| name.as_bytes() == key) } else { None };
    let bare =
        if matches!(key.last(), Some(b'1' | b'2')) { key.get(..key.len().saturating_sub(1))? } else { key };
    let [.., before, last] = bare else { return whole.map(|(_, meaning)| *meaning) };
    let may_end = TAILS.get(usize::from(before & 31)).is_some_and(|bits| bits >> (last & 31) & 1 == 1);
    let ends = if may_end { ENDS } else { &[] };
    let end =
        || ends.iter().filter(|(name, _)| bare.ends_with(name.as_bytes())).max_by_key(|(name, _)| name.len());
    whole.or_else(end).map(|(_, meaning)| *meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_in_any_spelling() {
        #[track_caller]
        fn check(key: &str, expected: Option<Meaning>) {
            assert_eq!(meaning(key.as_bytes()), expected, "{key}");
        }
        check("API_KEY", Some(Secret));
        check("x-api-key", Some(Secret));
        check("userPassword", Some(Secret));
        check("streetAddress1", Some(Address));
        check("homePhone", Some(Phone));
        check("SSN", Some(Ssn));
        check("token", Some(Secret));
        check("token_type", None);
        check("tokens", None);
        check("key", None);
        check("", None);
        check("a_very_long_prefix_before_the_client_secret", Some(Secret));
    }
}

//! The words that hint: in nine languages, in lower case, in order.

use super::hint::Hint;
use super::hint::Hint::{Birth, Card, Contact, House, Identity, Phone, Thing, Version};

/// Longer words are none of these.
const LONGEST: usize = 15;

#[rustfmt::skip]
const WORDS: [(&str, Hint); 312] = [
    ("aadhaar", Identity), ("aadhar", Identity), ("address", House), ("adres", House), ("adress", House),
    ("adresse", House), ("ahv", Identity), ("amex", Card), ("amount", Thing), ("anrufen", Phone),
    ("anschrift", House), ("appeler", Phone), ("appelez", Phone), ("article", Thing), ("asin", Thing),
    ("ausweis", Identity), ("avs", Identity), ("batch", Thing), ("bel", Phone), ("bestellung", Thing),
    ("birth", Birth), ("birthdate", Birth), ("birthday", Birth), ("block", Thing), ("booking", Thing),
    ("born", Birth), ("bsn", Identity), ("build", Version), ("byte", Thing), ("bytes", Thing),
    ("call", Phone), ("callback", Phone), ("called", Phone), ("caller", Phone), ("calling", Phone),
    ("card", Card), ("cardnumber", Card), ("cards", Card), ("carta", Card), ("carte", Card), ("cartão", Card),
    ("case", Thing), ("cc", Card), ("cedula", Identity), ("cell", Phone), ("cellphone", Phone),
    ("cellulare", Phone), ("celular", Phone), ("charge", Card), ("charged", Card), ("checksum", Thing),
    ("chiama", Phone), ("chiami", Phone), ("chrome", Version), ("client", Contact), ("cnpj", Identity),
    ("code", Thing), ("codice", Identity), ("commande", Thing), ("commit", Version), ("contact", Contact),
    ("contacte", Contact), ("contacter", Contact), ("contatta", Contact), ("contattare", Contact),
    ("count", Thing), ("cpf", Identity), ("cpr", Identity), ("credit", Card), ("creditcard", Card),
    ("curp", Identity), ("customer", Contact), ("dateofbirth", Birth), ("debit", Card), ("dial", Phone),
    ("direccion", House), ("dirección", House), ("dni", Identity), ("dob", Birth), ("dollars", Thing),
    ("domicilio", House), ("driver", Version), ("duration", Thing), ("ean", Thing), ("edge", Version),
    ("endereço", House), ("epoch", Thing), ("eur", Thing), ("euro", Thing), ("euros", Thing),
    ("factura", Thing), ("facture", Thing), ("fax", Phone), ("firefox", Version), ("firmware", Version),
    ("fiscale", Identity), ("fodselsnummer", Identity), ("fono", Phone), ("fw", Version), ("född", Birth),
    ("födelsedatum", Birth), ("gbp", Thing), ("geb", Birth), ("geboortedatum", Birth), ("geboren", Birth),
    ("geburtsdatum", Birth), ("guid", Thing), ("habite", House), ("handy", Phone), ("hash", Thing),
    ("height", Thing), ("hetu", Identity), ("hotline", Phone), ("id", Thing), ("identification", Identity),
    ("identity", Identity), ("ids", Thing), ("imię", Contact), ("indirizzo", House), ("insee", Identity),
    ("inv", Thing), ("invoice", Thing), ("isbn", Thing), ("issue", Thing), ("item", Thing), ("items", Thing),
    ("job", Thing), ("jobs", Thing), ("kaart", Card), ("karta", Card), ("karte", Card),
    ("kartennummer", Card), ("kernel", Version), ("komórka", Phone), ("kontakt", Contact),
    ("kontaktieren", Contact), ("kontakttelefon", Phone), ("kort", Card), ("kreditkarte", Card),
    ("kunde", Contact), ("kundin", Contact), ("lat", Thing), ("latitude", Thing), ("licence", Identity),
    ("license", Identity), ("lieferadresse", House), ("ligue", Phone), ("line", Thing), ("lives", House),
    ("living", House), ("llama", Phone), ("llame", Phone), ("llámame", Phone), ("lon", Thing),
    ("longitude", Thing), ("maestro", Card), ("mastercard", Card), ("md5", Thing), ("measured", Thing),
    ("mobil", Phone), ("mobile", Phone), ("movil", Phone), ("ms", Thing), ("msisdn", Phone), ("móvil", Phone),
    ("nacida", Birth), ("nacido", Birth), ("nacimiento", Birth), ("naissance", Birth), ("named", Contact),
    ("nascimento", Birth), ("nascita", Birth), ("nata", Birth), ("national", Identity), ("nato", Birth),
    ("nhs", Identity), ("nie", Identity), ("nif", Identity), ("nino", Identity), ("nip", Identity),
    ("nir", Identity), ("node", Thing), ("numero", Phone), ("nummer", Phone), ("numéro", Phone),
    ("né", Birth), ("née", Birth), ("offset", Thing), ("opera", Version), ("order", Thing), ("orders", Thing),
    ("ordine", Thing), ("package", Version), ("page", Thing), ("pan", Card), ("parcel", Thing),
    ("part", Thing), ("pasaporte", Identity), ("passaporto", Identity), ("passeport", Identity),
    ("passport", Identity), ("patient", Contact), ("payment", Card), ("pedido", Thing),
    ("personalausweis", Identity), ("personnummer", Identity), ("pesel", Identity), ("ph", Phone),
    ("phone", Phone), ("phonenumber", Phone), ("phones", Phone), ("pid", Thing), ("pnr", Identity),
    ("port", Thing), ("portable", Phone), ("pr", Thing), ("price", Thing), ("product", Thing),
    ("products", Thing), ("puh", Phone), ("puhelin", Phone), ("rechnung", Thing), ("ref", Thing),
    ("reference", Thing), ("regon", Identity), ("reisepass", Identity), ("release", Version), ("req", Thing),
    ("request", Thing), ("reside", House), ("resides", House), ("rev", Version), ("revision", Version),
    ("rfc", Identity), ("rijbewijs", Identity), ("ring", Phone), ("ringing", Phone), ("room", Thing),
    ("row", Thing), ("ruf", Phone), ("rufen", Phone), ("rut", Identity), ("rv", Version), ("safari", Version),
    ("sample", Thing), ("seq", Thing), ("sequence", Thing), ("serial", Thing), ("sha", Thing),
    ("shard", Thing), ("shipment", Thing), ("signal", Phone), ("sin", Identity), ("size", Thing),
    ("sku", Thing), ("sms", Phone), ("social", Identity), ("span", Thing), ("ssn", Identity),
    ("steuer", Identity), ("steuerid", Identity), ("street", House), ("tarjeta", Card), ("taxid", Identity),
    ("tel", Phone), ("telefon", Phone), ("telefone", Phone), ("telefonico", Phone), ("telefonnummer", Phone),
    ("telefono", Phone), ("telefonu", Phone), ("telefoon", Phone), ("telephone", Phone), ("teléfono", Phone),
    ("texted", Phone), ("tfn", Phone), ("thread", Thing), ("ticket", Thing), ("tickets", Thing),
    ("tid", Thing), ("time", Thing), ("timestamp", Thing), ("tin", Identity), ("tlf", Phone),
    ("tlfno", Phone), ("took", Thing), ("total", Thing), ("trace", Thing), ("track", Thing),
    ("tracking", Thing), ("transaction", Thing), ("tx", Thing), ("txn", Thing), ("téléphone", Phone),
    ("upc", Thing), ("upgrade", Version), ("urodzenia", Birth), ("urodzona", Birth), ("urodzony", Birth),
    ("usd", Thing), ("ust", Identity), ("uuid", Thing), ("v", Version), ("value", Thing), ("vat", Identity),
    ("ver", Version), ("version", Version), ("versions", Version), ("visa", Card), ("whatsapp", Phone),
    ("wohnhaft", House), ("zamówienie", Thing),
];

/// By the first byte, the lengths of which there are words: most words of a text are none of these, and that is seen at once.
#[expect(clippy::indexing_slicing, reason = "at compile time")]
const SHAPES: [u32; 256] = {
    let mut shapes = [0; 256];
    let mut at = 0;
    while at < WORDS.len() {
        let word = WORDS[at].0.as_bytes();
        shapes[word[0] as usize] |= 1 << word.len();
        at += 1;
    }
    shapes
};

/// What a word speaks of, in any case of ASCII letters.
pub(super) fn hint(word: &[u8]) -> Option<Hint> {
    let first = word.first()?.to_ascii_lowercase();
    let lengths = SHAPES.get(usize::from(first))?;
    if word.len() > LONGEST || lengths >> word.len() & 1 == 0 {
        return None;
    }
    let mut lower = [0_u8; LONGEST];
    let lower = lower.get_mut(..word.len())?;
    lower.copy_from_slice(word);
    lower.make_ascii_lowercase();
    let at = WORDS.binary_search_by(|(known, _)| known.as_bytes().cmp(&*lower)).ok()?;
    WORDS.get(at).map(|(_, hint)| *hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_in_order_and_none_is_too_long() {
        assert!(WORDS.is_sorted_by(|(a, _), (b, _)| a < b));
        assert_eq!(WORDS.iter().map(|(word, _)| word.len()).max(), Some(LONGEST));
    }

    #[test]
    fn words_are_known_in_any_case() {
        assert_eq!(hint(b"PHONE"), Some(Phone));
        assert_eq!(hint("née".as_bytes()), Some(Birth));
        assert_eq!(hint(b""), None);
        assert_eq!(hint(&[b'a'; 99]), None);
    }
}

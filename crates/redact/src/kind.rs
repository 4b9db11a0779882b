//! What can be found in a text.

/// A kind of personal data or secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A password, token, key, or user and password of a URL.
    Secret,
    /// A number of a payment card.
    Card,
    /// An international bank account number.
    Iban,
    /// An e-mail address.
    Email,
    /// A number by which the United States know a person.
    Ssn,
    /// A number by which a state knows a person: identity card, tax, health.
    NationalId,
    /// An address of a cryptocurrency.
    Wallet,
    /// An address of a network card.
    Mac,
    /// An address of the internet protocol.
    Ip,
    /// A phone number.
    Phone,
    /// A date of birth.
    BirthDate,
    /// A street with its number, or what stands under a key for one.
    Address,
    /// The name of a person.
    Person,
    /// A text as a whole, of which what is personal in it could not be settled.
    Text,
}

impl Kind {
    /// Every kind, strongest first: of two that overlap and are equally long, the stronger gives its name.
    pub const ALL: [Self; 14] = [
        Self::Secret,
        Self::Card,
        Self::Iban,
        Self::Email,
        Self::Ssn,
        Self::NationalId,
        Self::Wallet,
        Self::Mac,
        Self::Ip,
        Self::Phone,
        Self::BirthDate,
        Self::Address,
        Self::Person,
        Self::Text,
    ];

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Card => "card",
            Self::Iban => "iban",
            Self::Email => "email",
            Self::Ssn => "ssn",
            Self::NationalId => "national-id",
            Self::Wallet => "wallet",
            Self::Mac => "mac",
            Self::Ip => "ip",
            Self::Phone => "phone",
            Self::BirthDate => "birth-date",
            Self::Address => "address",
            Self::Person => "person",
            Self::Text => "text",
        }
    }

    /// What stands in its place.
    pub const fn placeholder(self) -> &'static str {
        match self {
            Self::Secret => "[secret]",
            Self::Card => "[card]",
            Self::Iban => "[iban]",
            Self::Email => "[email]",
            Self::Ssn => "[ssn]",
            Self::NationalId => "[national-id]",
            Self::Wallet => "[wallet]",
            Self::Mac => "[mac]",
            Self::Ip => "[ip]",
            Self::Phone => "[phone]",
            Self::BirthDate => "[birth-date]",
            Self::Address => "[address]",
            Self::Person => "[person]",
            Self::Text => "[text]",
        }
    }

    /// What corpora of marked personal data call it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Secret => "SECRET",
            Self::Card => "CREDIT_CARD",
            Self::Iban => "IBAN",
            Self::Email => "EMAIL",
            Self::Ssn => "US_SSN",
            Self::NationalId => "NATIONAL_ID",
            Self::Wallet => "CRYPTO",
            Self::Mac => "MAC",
            Self::Ip => "IP",
            Self::Phone => "PHONE",
            Self::BirthDate => "DOB",
            Self::Address => "ADDRESS",
            Self::Person => "PERSON",
            Self::Text => "TEXT",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_is_the_name_in_brackets() {
        for kind in Kind::ALL {
            assert_eq!(kind.placeholder(), format!("[{}]", kind.name()));
        }
        assert!(Kind::ALL.is_sorted());
    }
}

use super::*;

/// What is shown of a text, and that showing it again changes nothing.
#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(mark(text).text.as_str(), expected, "{text}");
    assert_eq!(redact(expected).as_str(), expected, "again");
}

#[track_caller]
fn stays(text: &str) {
    check(text, text);
}

#[test]
fn email_addresses() {
    check("ada@example.org, <a.b+c@mail.example.co.uk>.", "[email], <[email]>.");
    check("to=ada%40example.org&x=1", "to=[email]&x=1");
    check(r#"{"to":"ada\u0040example.org"}"#, r#"{"to":"[email]"}"#);
    check("o'brien@example.ie wrote to 'x@example.org'", "[email] wrote to '[email]'");
    check("Müller@exämple.de и 用户@例子.广告", "[email] и [email]");
    check("ada@\u{200b}example.org ａda＠example．org", "[email] [email]");
    stays("icon@2x.png react@18.2.0 git@github.com:acme/app.git @types/node root@localhost");
}

#[test]
fn international_phone_numbers() {
    check("+44 20 7183 8750, +4915123456789, 0033 6 12 34 56 78.", "[phone], [phone], [phone].");
    check("+33 (0)4 23 39 84 11 +1-415-555-2671x123", "[phone] [phone]");
    check("tel:+442071838750 phone=%2B33%206%2012%2034%2056%2078", "tel:[phone] phone=[phone]");
    stays("at 10:00 +0200, UTC+2, +1.5, +12345, x+123456789012");
}

#[test]
fn national_phone_numbers() {
    check("(415) 555-2671 or 415-555-2671 ext. 12", "[phone] or [phone]");
    check("030 1234567, 06 12 34 56 78, 070-129 58 26", "[phone], [phone], [phone]");
    check("tel. 512 620 824 and call me on 9938648893", "tel. [phone] and call me on [phone]");
    check(r#"{"phone":"3014289214"}"#, r#"{"phone":"[phone]"}"#);
    stays("order 0352-1088633, invoice 0171 1234567, build 030 1234567");
    stays("at 1732545902, population 512 620 824, 2024-01-01 12:00:00.123, room 12-345");
    stays("123e4567-e89b-12d3-a456-426614174000 1,234,567.89 52.520008,13.404954 1024x768");
}

#[test]
fn cards() {
    check("4111 1111 1111 1111, 4111-1111-1111-1111, 378282246310005", "[card], [card], [card]");
    check(
        "https://pay.example.com/c?pan=5555555555554444&exp=12%2F29",
        "https://pay.example.com/c?pan=[card]&exp=12%2F29",
    );
    stays("4111 1111 1111 1112, sku 4006381333931, span 1705999386400051200");
}

#[test]
fn accounts() {
    check("DE89 3704 0044 0532 0130 00 GB82WEST12345698765432", "[iban] [iban]");
    stays("DE88 3704 0044 0532 0130 00");
}

#[test]
fn addresses_of_machines() {
    check("203.0.113.9:443, 10.0.0.0/8, ip-10-0-12-7.internal", "[ip]:443, [ip]/8, [ip].internal");
    check(
        "[2001:db8::1]:443 fe80::1%eth0 83ca:bd03:d299:8a6b:faaa:bc0:4bb2:bf92:80",
        "[[ip]]:443 [ip]%eth0 [ip]:80",
    );
    check("00:1b:44:11:3a:b7 00-1B-44-11-3A-B7", "[mac] [mac]");
    stays("127.0.0.1 ::1 0.0.0.0 255.255.255.0 version 1.2.3.4 Chrome/120.0.0.0 v1.2.3.4 1.2.3.4.5");
    stays("std::fs a::b dead::beef 12:30:45 src/main.rs:12:34");
}

#[test]
fn numbers_of_persons() {
    check(
        "ssn 123-45-6789, 529.982.247-25, PESEL 44051401359",
        "ssn [ssn], [national-id], PESEL [national-id]",
    );
    check("DNI 12345678Z, 2341 2341 2346, MC972217A", "DNI [national-id], [national-id], [national-id]");
    check("passport number X1234567", "passport number [national-id]");
    stays("666-47-2518, ticket 44051401358");
}

#[test]
fn secrets() {
    check("AKIAIOSFODNN7EXAMPLE ghp_16C7e42F292c6912E7710c838347Ae178B4a", "[secret] [secret]");
    check("Authorization: Bearer abcdef0123456789", "Authorization: Bearer [secret]");
    check("Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic [secret]");
    check("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl!", "[secret]!");
    check("postgres://app:hunter2@db:5432/x", "postgres://[secret]@db:5432/x");
    check(r#"password=hunter2&x=1 "api_key": "k1-23""#, r#"password=[secret]&x=1 "api_key": "[secret]""#);
    check("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\nrest", "[secret]\nrest");
    stays("Bearer token missing; Basic authentication failed; password: must be 8 characters");
    stays("query($token: String!) { me(token: $token) { id } } WHERE token = ?");
    stays("8fd65cc98954298bd55f893df683ec06 sha256-vTNe4GaLOeeb4bvP4hTWbHCuTKgE8WUEJoPseIkjqhA=");
}

#[test]
fn wallets() {
    check("0x676c36ad37bf675fe49700d6dc8cff6403ab9dbc", "[wallet]");
    check("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "[wallet]");
    stays("0x4dc1ffe9 01KFR62TAAEYDGXFDD8BMT6BAS");
}

#[test]
fn persons_houses_and_births_by_what_surrounds_them() {
    check("Mrs. Jane Smith, 12 Baker Street, born 1/2/1980", "[person], [address], born [birth-date]");
    check(
        "Frau Dr. Ada Schäfer, wohnhaft Lorchgasse 6-9, geboren am 23.01.1977.",
        "[person], wohnhaft [address], geboren am [birth-date].",
    );
    check(
        r#"{"firstName":"Jos\u00e9","name":"checkout-service"}"#,
        r#"{"firstName":"[person]","name":"checkout-service"}"#,
    );
    stays("contact Customer Support, Call Center Agent, Main menu 5, 2024-05-06");
}

#[test]
fn what_overlaps_is_one() {
    check("https://ada:pw@example.org/", "https://[secret]@example.org/");
    check("4111111111111111@example.org", "[email]");
}

#[test]
fn spans_are_those_of_the_text_that_came() {
    let text = "é ada%40example.org 10.0.0.1";
    let spans: Vec<_> =
        mark(text).spans.iter().map(|span| (text.get(span.start..span.end), span.kind)).collect();
    assert_eq!(spans, [(Some("ada%40example.org"), Kind::Email), (Some("10.0.0.1"), Kind::Ip)]);
}

#[test]
fn a_private_key_over_many_lines() {
    let mut lines = Lines::default();
    let shown: Vec<String> =
        ["a", "-----BEGIN RSA PRIVATE KEY-----", "MIIE", "-----END RSA PRIVATE KEY----- b", "c"]
            .iter()
            .map(|line| lines.mark(line).text.into_string())
            .collect();
    assert_eq!(shown, ["a", "[secret]", "[secret]", "[secret] b", "c"]);
}

#[test]
fn placeholders_stay() {
    let all: Vec<&str> = Kind::ALL.iter().map(|kind| kind.placeholder()).collect();
    stays(&all.join(" "));
    stays("password=[secret] phone: [phone] [email]:[secret]@[ip]");
}

//! What must hold of every text.
#![cfg(not(target_family = "wasm"))]

use portcullis_redact::{Kind, cache_key, document, header, label, mark, redact, sql, url};
use proptest::prelude::*;

/// Pieces that recognisers look for, and what stands between them.
const PIECES: [&str; 64] = [
    "ada@example.org",
    "4111111111111111",
    "4111 1111 1111 1111",
    "+49 30 1234567",
    "030 1234567",
    "10.0.0.1",
    "2001:db8::1",
    "::",
    ":",
    "@",
    "00:1b:44:11:3a:b7",
    "DE89370400440532013000",
    "DE89 3704 0044 0532 0130 00",
    "123-45-6789",
    "AKIAIOSFODNN7EXAMPLE",
    "eyJhbGciOiJIUzI1NiJ9.",
    "Bearer ",
    "password=",
    "\"phone\":\"",
    "name\": \"",
    "tel ",
    "order ",
    "passport ",
    "born ",
    "Mr. ",
    "Jane Smith",
    "Lorchgasse ",
    "12",
    "1980-02-01",
    "0x",
    "%40",
    "%2B",
    "%",
    "\\u0040",
    "\\",
    "&#64;",
    "http://",
    "://",
    "-----BEGIN PRIVATE KEY-----",
    "-----END ",
    "-----",
    " ",
    " ",
    "-",
    ".",
    "/",
    "(",
    ")",
    "_",
    "+",
    "x",
    ",",
    ";",
    "'",
    "\"",
    "=",
    "[",
    "]",
    "[email]",
    "[secret]",
    "é",
    "用",
    "\u{200b}",
    "４",
];

fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(&PIECES[..]).prop_map(str::to_owned),
        1 => "[0-9]{1,12}",
        1 => "[a-zA-Z]{1,8}",
        1 => "\\PC{0,3}",
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn twice_is_once(text in texts()) {
        let once = redact(&text);
        prop_assert_eq!(redact(once.as_str()), once);
    }

    #[test]
    fn spans_and_text_agree(text in texts()) {
        let marked = mark(&text);
        let mut shown = String::new();
        let mut from = 0;
        for span in &marked.spans {
            prop_assert!(from <= span.start && span.start < span.end);
            shown.push_str(text.get(from..span.start).unwrap_or("not a boundary"));
            shown.push_str(span.kind.placeholder());
            from = span.end;
        }
        shown.push_str(text.get(from..).unwrap_or("not a boundary"));
        prop_assert_eq!(shown.as_str(), marked.text.as_str());
    }

    #[test]
    fn an_address_is_found_wherever_words_end(before in "[a-z ]{0,20}[ ,;(<]", after in "[ ,;)>][a-z ]{0,20}") {
        let text = format!("{before}ada@example.org{after}");
        prop_assert!(mark(&text).spans.iter().any(|span| span.kind == Kind::Email), "{}", text);
    }

    #[test]
    fn sanitizers_end_and_are_bounded(text in texts()) {
        for shown in [sql(&text), url(&text), cache_key(&text), header("x-any", &text), label(&text)] {
            prop_assert!(shown.as_str().len() <= 4 * text.len() + 64, "{}", shown);
        }
        let once = document(&text);
        prop_assert_eq!(document(once.as_str()), once);
    }

    #[test]
    fn no_literal_of_sql_is_shown(secret in "[a-z]{3}QZX[a-z]{3}", quote in "'|\"|[$][$]", before in "(SELECT|a|=|,|[(]| |1|IN|VALUES){0,8}") {
        let text = format!("{before} = {quote}{secret}{quote} AND b = 1");
        prop_assert!(!sql(&text).as_str().contains("QZX"), "{}", sql(&text));
    }

    #[test]
    fn no_value_of_a_url_is_shown(secret in "[a-z]{3}QZX[0-9a-z]{3}", name in "[a-z]{1,8}", path in "(/[a-z]{1,8}){0,3}") {
        let text = format!("https://u:{secret}@example.org{path}?{name}={secret}&b={secret}#{secret}");
        prop_assert!(!url(&text).as_str().contains("QZX"), "{}", url(&text));
    }
}

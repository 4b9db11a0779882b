//! Where fuzzing starts: the project's own families of attacks and twins, its golden documents and compressed files, as inputs.

use crate::place::Place;
use crate::{schema, table, variables};
use serde_json::Value;

/// Longer seeds are left out: they hold nothing that shorter ones do not.
const MOST: usize = 2_048;

const FAMILIES: [&str; 8] =
    ["documents", "cost", "envelopes", "transports", "encodings", "persisted", "uploads", "benign"];

/// The inputs to start with.
///
/// # Errors
/// A file of the project cannot be read.
pub fn seeds(target: &str) -> anyhow::Result<Vec<Vec<u8>>> {
    let place = Place::default();
    let mut seeds = match target {
        "envelope" => bodies(&place)?.iter().map(|body| prefixed(&[0, 0], body)).collect(),
        "document" => documents(&place)?,
        "variables" => values(&place)?,
        "multipart" => uploads(&place)?.iter().map(|body| prefixed(&[0, 0, 7], body)).collect(),
        "get" => query_strings(&place)?.iter().map(|text| prefixed(&[0], text.as_bytes())).collect(),
        "exchange" => exchanges(&place)?,
        "inflate" => streams(&place)?,
        "response" => RESPONSES.iter().map(|text| prefixed(&[0, 9], text.as_bytes())).collect(),
        "table" => tables(),
        "frames" => frames(),
        "socket" => sockets(&place)?,
        _ => Vec::new(),
    };
    // An exchange is played several times.
    let most = if target == "exchange" { MOST / 2 } else { MOST };
    seeds.retain(|seed: &Vec<u8>| seed.len() <= most);
    Ok(seeds)
}

fn prefixed(choices: &[u8], rest: &[u8]) -> Vec<u8> {
    [choices, rest].concat()
}

fn cases(place: &Place) -> anyhow::Result<Vec<Value>> {
    let mut cases = Vec::new();
    for file in FAMILIES {
        let text = place.repository(&format!("tests/corpus/families/{file}.jsonl"))?;
        for line in String::from_utf8(text)?.lines().filter(|line| !line.trim().is_empty()) {
            cases.push(serde_json::from_str(line)?);
        }
    }
    Ok(cases)
}

/// A text, or pieces of it: `["a%d ", 3]` stands for `a0 a1 a2 `.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(pieces) => pieces.iter().map(piece).collect(),
        _ => None,
    }
}

fn piece(value: &Value) -> Option<String> {
    let Some(repeated) = value.as_array() else { return value.as_str().map(str::to_owned) };
    let (template, times) = (repeated.first()?.as_str()?, repeated.get(1)?.as_u64()?);
    // More would only be left out again.
    Some((0..times.min(256)).map(|number| template.replace("%d", &number.to_string())).collect())
}

fn bodies(place: &Place) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut bodies: Vec<Vec<u8>> = HOSTILE_BODIES.iter().map(|body| body.as_bytes().to_vec()).collect();
    for case in cases(place)? {
        if let Some(body) = text(&case["body"]) {
            bodies.push(body.into_bytes());
        } else if let Some(query) = text(&case["query"]) {
            let mut body = serde_json::json!({ "query": query });
            for name in ["variables", "extensions", "operationName"] {
                if let Some(value) = case.get(name) {
                    body[name] = value.clone();
                }
            }
            bodies.push(body.to_string().into_bytes());
        }
    }
    Ok(bodies)
}

fn documents(place: &Place) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut texts: Vec<String> = cases(place)?.iter().filter_map(|case| text(&case["query"])).collect();
    texts.extend(variables::DOCUMENTS.iter().map(|text| (*text).to_owned()));
    texts.extend(HOSTILE_DOCUMENTS.iter().map(|text| (*text).to_owned()));
    texts.push(used_again_and_again());
    for folder in ["ok", "err"] {
        for (path, bytes) in place.files(&format!("crates/graphql/testdata/{folder}"))? {
            if path.extension().is_some_and(|extension| extension == "graphql") {
                texts.extend(String::from_utf8(bytes));
            }
        }
    }
    Ok((0..=u8::MAX)
        .cycle()
        .zip(&texts)
        .map(|(number, text)| prefixed(&[0, number, number, number], text.as_bytes()))
        .collect())
}

/// Long defaults that many fields use.
fn used_again_and_again() -> String {
    let (fields, entries, uses) =
        ("a: 1 ".repeat(20), "1 ".repeat(20), "items(filter: $v, ids: $l) { id } ".repeat(20));
    format!("query($v: Filter = {{{fields}}}, $l: [Int] = [{entries}]) {{ {uses} }}")
}

fn values(place: &Place) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut values: Vec<String> = VALUES.iter().map(|text| (*text).to_owned()).collect();
    values.extend(cases(place)?.iter().filter_map(|case| Some(case.get("variables")?.to_string())));
    let each = |text: &String| {
        let text = text.clone();
        (0..).take(variables::DOCUMENTS.len()).map(move |document| prefixed(&[document, 0], text.as_bytes()))
    };
    Ok(values.iter().flat_map(each).collect())
}

fn uploads(place: &Place) -> anyhow::Result<Vec<Vec<u8>>> {
    Ok(cases(place)?.iter().filter_map(|case| upload(case.get("parts")?)).collect())
}

fn upload(parts: &Value) -> Option<Vec<u8>> {
    let mut body = String::new();
    for part in parts.as_array()? {
        body.push_str("--b\r\ncontent-disposition: form-data");
        if let Some(name) = part.get("name").and_then(Value::as_str) {
            body.push_str(&format!("; name=\"{name}\""));
        }
        if let Some(file) = part.get("file").and_then(Value::as_str) {
            body.push_str(&format!("; filename=\"{file}\"\r\ncontent-type: text/plain"));
        }
        body.push_str("\r\n\r\n");
        body.push_str(&text(part.get("text")?)?);
        body.push_str("\r\n");
    }
    body.push_str("--b--\r\n");
    Some(body.into_bytes())
}

fn query_strings(place: &Place) -> anyhow::Result<Vec<String>> {
    let mut texts: Vec<String> = QUERY_STRINGS.iter().map(|text| (*text).to_owned()).collect();
    for case in cases(place)? {
        if let Some((_, query)) = case["path"].as_str().and_then(|path| path.split_once('?')) {
            texts.push(query.to_owned());
        } else if let Some(query) = text(&case["query"]) {
            let mut pairs = form_urlencoded::Serializer::new(String::new());
            pairs.append_pair("query", &query);
            if let Some(variables) = case.get("variables") {
                pairs.append_pair("variables", &variables.to_string());
            }
            texts.push(pairs.finish());
        }
    }
    Ok(texts)
}

fn exchanges(place: &Place) -> anyhow::Result<Vec<Vec<u8>>> {
    // Policy, method, path, content type, other headers, response, cut, ending, no other order.
    let mut seeds = Vec::new();
    for (number, body) in (0..=u8::MAX).cycle().zip(bodies(place)?) {
        seeds.push(prefixed(&[number % 6, 0, 0, 0, 0, number % 4, number, number % 3, 0], &body));
    }
    for body in uploads(place)? {
        seeds.push(prefixed(&[0, 0, 0, 1, 1, 0, 3, 0, 0], &body));
        seeds.push(prefixed(&[5, 0, 0, 1, 1, 0, 11, 1, 0], &body));
    }
    for text in query_strings(place)? {
        seeds.push(prefixed(&[0, 1, 0, 3, 0, 1, 0, 0, 0], text.as_bytes()));
    }
    for (coding, stream) in compressed(place)? {
        let header = [2, 5, 3, 4][usize::from(coding)];
        seeds.push(prefixed(&[0, 0, 0, 0, header, 0, 5, 2, 0], &stream));
    }
    let order = [0, 9, 0x81, 5, 6, 7, 0, 0x41, 4, 0x85, 0x86, 7, 1, 0x80, 5];
    let whole = [&[3, 0, 0, 0, 0, 0, 5, 0, 15][..], &order[..], br#"{"query":"{ me { id } }"}"#].concat();
    seeds.push(whole);
    Ok(seeds)
}

/// Compressed files by the number of their coding.
fn compressed(place: &Place) -> anyhow::Result<Vec<(u8, Vec<u8>)>> {
    let codings = ["gz", "zlib", "br", "zst"];
    let mut streams = Vec::new();
    for (path, bytes) in place.files("crates/framing/testdata/inflate")? {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if let Some(coding) = (0..).zip(codings).find(|(_, known)| *known == extension) {
            streams.push((coding.0, bytes));
        }
    }
    Ok(streams)
}

fn streams(place: &Place) -> anyhow::Result<Vec<Vec<u8>>> {
    Ok(compressed(place)?.iter().map(|(coding, stream)| prefixed(&[*coding, 0], stream)).collect())
}

fn tables() -> Vec<Vec<u8>> {
    let compiled = schema::COMPILED.as_slice();
    let body = compiled.get(17..).unwrap_or_default();
    let mut seeds =
        vec![prefixed(&[2], compiled), prefixed(&[1], body), vec![0], prefixed(&[2], &table::framed(b""))];
    seeds.extend((0..=u8::MAX).step_by(5).map(|place| vec![0, place / 64, place, place]));
    seeds
}

/// A client's frame with an empty mask.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match u8::try_from(payload.len()) {
        Ok(short @ ..=125) => frame.push(0x80 | short),
        Ok(_) | Err(_) => {
            frame.push(0xfe);
            frame.extend(u16::try_from(payload.len()).unwrap_or(u16::MAX).to_be_bytes());
        }
    }
    [frame.as_slice(), &[0; 4], payload].concat()
}

fn frames() -> Vec<Vec<u8>> {
    let euro = "€".as_bytes();
    let client = [
        frame(0x81, b"hi"),
        [frame(1, &euro[..1]), frame(0x89, b"p"), frame(0x80, &euro[1..])].concat(),
        [frame(2, b"a"), frame(0, b""), frame(0x80, b"b"), frame(0x88, b"\x03\xe8bye"), frame(0x81, b"c")]
            .concat(),
        frame(0xc1, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0]),
        frame(0x81, &[b'x'; 200]),
        frame(0x88, &1005_u16.to_be_bytes()),
        vec![0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0],
    ];
    // Sender, compression, limits, a way of cutting.
    let mut seeds: Vec<Vec<u8>> = client.iter().map(|bytes| prefixed(&[0, 1, 0, 7], bytes)).collect();
    seeds.push(prefixed(&[1, 0, 0, 3], b"\x81\x02hi\x01\x01a\x89\x00\x80\x01b\x88\x00"));
    seeds.push(prefixed(&[1, 1, 1, 0], b"\xc2\x7e\x00\x7e"));
    seeds
}

fn sockets(place: &Place) -> anyhow::Result<Vec<Vec<u8>>> {
    // Policy, what it carries, compression; then steps, each with its length.
    let step = |kind: u8, bytes: &[u8]| {
        let bytes = bytes.get(..255).unwrap_or(bytes);
        prefixed(&[kind, u8::try_from(bytes.len()).unwrap_or(u8::MAX)], bytes)
    };
    let said = |text: &str| step(0, &frame(0x81, text.as_bytes()));
    let heard =
        |text: &str| step(1, &prefixed(&[0x81, u8::try_from(text.len()).unwrap_or(0)], text.as_bytes()));
    let ready = [said(r#"{"type":"connection_init"}"#), heard(r#"{"type":"connection_ack"}"#)].concat();
    let mut seeds = Vec::new();
    for (number, body) in (0..=u8::MAX).cycle().zip(bodies(place)?) {
        let Ok(body) = String::from_utf8(body) else { continue };
        let kind = if number % 2 == 0 { "subscribe" } else { "start" };
        let message = said(&format!(r#"{{"id":"1","type":"{kind}","payload":{body}}}"#));
        let choices = [number % 4, number % 2, number % 3 / 2];
        let ends =
            [step(2, &[]), heard(r#"{"id":"1","type":"complete"}"#), said(r#"{"id":"1","type":"complete"}"#)];
        seeds.push([&choices[..], &ready, &message, &ends.concat()].concat());
    }
    for bytes in frames() {
        let frame = step(0, bytes.get(4..).unwrap_or_default());
        seeds.push([&[0, 2, 1][..], &frame, &step(2, &[]), &step(3, &[200]), &frame].concat());
        seeds.push([&[1, 0, 1][..], &ready, &frame, &step(2, &[])].concat());
    }
    Ok(seeds)
}

const HOSTILE_BODIES: [&str; 12] = [
    r#"{"query":"{ a }","query":"{ b }"}"#,
    r#"{"query":"{ a }","\u0071uery":"{ b }"}"#,
    r#"{"query":"{ a }","variable\u017f":{}}"#,
    r#"{"query":"\ud800","variables":{"a":[1e999,-0,0.5,1E2,9223372036854775808]}}"#,
    r#"{"query":"{ a }"} {"query":"{ b }"}"#,
    r#"[{"query":"{ a }"},{"query":"{ b }","operationName":null}]"#,
    "[[{}]]",
    "[]",
    "\u{feff}{\"query\":\"{ a }\"}",
    r#"{"documentId":"a","query":"{ a }"}"#,
    r#"{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38"}}}"#,
    r#"{"query":null,"variables":{"a":{"b":{"c":[[[{}]]]}}},"extensions":{}}"#,
];

const HOSTILE_DOCUMENTS: [&str; 10] = [
    "{ ...A } fragment A on Q { ...B ...B } fragment B on Q { ...C ...C } fragment C on Q { a }",
    "{ ...A } fragment A on Q { x { ... on Q { ...A } } }",
    "query($a: [[Int!]!]! = [[1 2] []], $b: T = {c: {d: \"}\"}}) @x(y: 1) { a(b: $a c: {d: [$b, \"\"\" } \\\"\"\" \"\"\"]}) @e @f }",
    "{ a: x a: y b: x ... { a: x { a: x b: x } } ... on T @skip(if: true) { a } }",
    "query A { a } query B { b } mutation { login(pw: \"\\u{1F600}\\uD83D\\uDE00\") { id } } subscription { ticks { id } }",
    "{ __schema { types { fields { type { fields { name } } } } } }",
    "{ a # hidden\r b\n# hidden\u{2028} c\n}",
    "\u{feff}{ a, , , b(c: -0, d: 1.5e-9, e: E, f: null, g: true) }",
    "{ connection(first: 5) { edges { ...I } page { items { ...I } } } any { ... on Item { ...I } ... on User { name } ...P } } \
     fragment I on Item { id price } fragment P on Page { items(first: 3) { id } zz(first: 4) { a } }",
    "mutation { a: importAll { id } b: cheap { items(filter: {all: [{max: 3}, {not: {max: 4}}]}) { id } } }",
];

const VALUES: [&str; 14] = [
    "null",
    "{}",
    r#"{"n":100000}"#,
    r#"{"n":-1}"#,
    r#"{"n":1e6,"m":"7","v":1}"#,
    r#"{"n":9223372036854775807,"m":9223372036854775808}"#,
    r#"{"n":null,"v":true}"#,
    r#"{"i":{"max":5,"not":{"max":-5},"all":[{"max":1},{"not":null}]}}"#,
    r#"{"i":[{"max":2}],"n":3}"#,
    r#"{"l":[1,2,3,4,5],"n":2}"#,
    r#"{"l":[[1],[2,[3]]],"n":{"a":1}}"#,
    r#"{"l":7,"v":false,"n":0}"#,
    r#"{"n":2147483647,"m":2147483647,"i":{"max":2147483647}}"#,
    r#"{},"query":"{ a }""#,
];

const QUERY_STRINGS: [&str; 10] = [
    "query=%7Ba%7D&variables=%7B%22n%22:3%7D&extensions=%7B%7D&operationName=A",
    "query=ok&query=evil",
    "query[]=a",
    "%71uery=a+b%20c",
    "query=a;x&b;query=c",
    "documentId=a&query=b",
    "variables=&extensions=null",
    "variables={\"n\":[1,{}]}&query=%ff",
    "query=%F0%9F%98%80%00&x=%zz",
    "QUERY=a#b",
];

const RESPONSES: [&str; 10] = [
    r#"{"data":{"a":[1,null,{"b":"x"}]},"errors":[{"message":"No x. Did you mean \"y\"?","extensions":{"code":"BAD"}}]}"#,
    r#"[{"data":null},{"errors":[{"message":"a (did you mean b)","path":["a",1]}]}]"#,
    r#"{"errors":[{"message":"Did you Did you mean\u0022","extensions":{"\u0063ode":"\u0041"}}],"extensions":{"x":"Did you mean"}}"#,
    r#"{"data":{"did you mean":"did you mean"},"data":{}}"#,
    r#"{"data":{"a":{"b":{"c":[[[]]]}}}}  "#,
    r#"{"data":{"a":"\"}{\\","b":-1.5e9,"c":true}}x"#,
    "not JSON at all, did you mean it?",
    "",
    "event: next\r\ndata: {\"errors\":[{\"message\":\"x. Did you mean y?\"}]}\r\n\r\n:\n\ndata:{\"id\":1,\"payload\":\ndata: {\"errors\":[{\"message\":\"Did you mean y?\"}]}}\n\n",
    "--b\r\na: b\r\n\r\n{\"incremental\":[{\"errors\":[{\"message\":\"x (did you mean y?)\"}]}],\"payload\":null,\"errors\":[]}\r\n--b\n\n{}\n--b--",
];

//! Bodies of `multipart/form-data`.

use super::text::Text;
use serde::Deserialize;

/// What stands between the parts.
const BOUNDARY: &str = "----portcullis7MA4YWxkTrZu0gW";

/// One part as a case writes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    /// Its field name; none is sent when absent.
    #[serde(default)]
    name: Option<Text>,
    /// The file name, which makes it a file.
    #[serde(default)]
    file: Option<String>,
    /// Its content.
    text: Text,
    /// How often it stands there; `%d` in the name counts.
    #[serde(default)]
    times: Option<usize>,
    /// Its headers, instead of those that name and file make.
    #[serde(default)]
    headers: Option<Vec<(String, Text)>>,
}

/// The content type of such a body.
pub(super) fn content_type() -> String {
    format!("multipart/form-data; boundary={BOUNDARY}")
}

/// `operations`, `map` and one file, or none where there is no place for one.
pub(super) fn upload(operations: &[u8], file: Option<&str>) -> Vec<u8> {
    let map = file.map_or_else(|| "{}".to_owned(), |path| format!(r#"{{"0":["{path}"]}}"#));
    let mut body = Vec::new();
    part(&mut body, &disposition("operations", None), operations);
    part(&mut body, &disposition("map", None), map.as_bytes());
    if file.is_some() {
        part(&mut body, &disposition("0", Some("a.txt")), b"Alpha file content.");
    }
    end(&mut body);
    body
}

/// The parts as they are written.
pub(super) fn body(parts: &[Part]) -> Vec<u8> {
    let mut body = Vec::new();
    for written in parts {
        let content = written.text.expand();
        for number in 0..written.times.unwrap_or(1) {
            let name = written.name.as_ref().map(|name| name.expand().replace("%d", &number.to_string()));
            let headers = match (&written.headers, name) {
                (Some(headers), _) => headers
                    .iter()
                    .map(|(name, value)| format!("{name}: {}\r\n", value.expand()))
                    .collect::<String>(),
                (None, Some(name)) => disposition(&name, written.file.as_deref()),
                (None, None) => String::new(),
            };
            part(&mut body, &headers, content.as_bytes());
        }
    }
    end(&mut body);
    body
}

fn disposition(name: &str, file: Option<&str>) -> String {
    match file {
        None => format!("Content-Disposition: form-data; name=\"{name}\"\r\n"),
        Some(file) => format!(
            "Content-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\nContent-Type: text/plain\r\n"
        ),
    }
}

fn part(body: &mut Vec<u8>, headers: &str, content: &[u8]) {
    body.extend_from_slice(format!("--{BOUNDARY}\r\n{headers}\r\n").as_bytes());
    body.extend_from_slice(content);
    body.extend_from_slice(b"\r\n");
}

fn end(body: &mut Vec<u8>) {
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
}

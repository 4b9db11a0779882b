//! Uploads.

use crate::cut;
use portcullis_framing::{ContentType, Multipart, MultipartError, MultipartLimits, content_type};
use proptest::prelude::*;

const UPLOAD: &str = "\r\n--b\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n{\"variables\":{\"f\":null}}\r\n\
    --b\r\nContent-Disposition: form-data; name=\"map\"\r\n\r\n{\"0\":[\"variables.f\"]}\r\n\
    --b\r\nContent-Disposition: form-data; name=\"0\"; filename=\"a\"\r\nContent-Type: text/plain\r\n\r\n--file\r\n--\r\n--b--\r\n";

/// What an upload is after each of its chunks, and at its end.
fn upload(chunks: &[&[u8]]) -> Result<(Vec<u8>, Vec<u8>), MultipartError> {
    let ContentType::Multipart(boundary) = content_type(b"multipart/form-data; boundary=b") else { panic!() };
    let limits = MultipartLimits {
        headers: 3,
        header_bytes: 100,
        operations_bytes: 40,
        map_bytes: 30,
        files: 1,
        file_bytes: 20,
        total_bytes: 20,
    };
    let mut multipart = Multipart::new(&boundary, limits);
    for chunk in chunks {
        multipart.feed(chunk)?;
        assert!(multipart.held_bytes() <= 40 + 30 + 2 * 5);
    }
    multipart.end()?;
    Ok((multipart.operations().unwrap().to_vec(), multipart.map().unwrap().to_vec()))
}

proptest! {
    #[test]
    fn an_upload_is_the_same_in_any_chunks(
        changes in prop::collection::vec((any::<prop::sample::Index>(), "[-b\r\n:;=\"]{0,3}|\r\n--b|--b--"), 0..3),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let mut body = UPLOAD.to_owned();
        for (at, text) in changes {
            let at = at.index(body.len());
            let end = (at + text.len() / 2).min(body.len());
            body.replace_range(at..end, &text);
        }
        let chunks = cut(body.as_bytes(), &cuts);
        prop_assert_eq!(upload(&chunks), upload(&[body.as_bytes()]));
    }
}

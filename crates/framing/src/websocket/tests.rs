//! Frames by hand: what each byte may be.

use super::*;

const LIMITS: FrameLimits = FrameLimits { message_bytes: 70_000, frames_per_message: 3 };
const KEY: [u8; 4] = [0x81, 0x2d, 0xbe, 0xf6];

/// A client's frame.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        length @ ..=125 => frame.push(0x80 | u8::try_from(length).unwrap()),
        length @ ..=0xffff => {
            frame.push(0xfe);
            frame.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
        length => {
            frame.push(0xff);
            frame.extend(u64::try_from(length).unwrap().to_be_bytes());
        }
    }
    frame.extend(KEY);
    frame.extend(payload.iter().zip(KEY.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// What came of a client's bytes: whole messages and control frames as texts, and the error.
fn told(bytes: &[u8], compression: Compression, size: usize) -> (Vec<String>, Option<FrameError>) {
    let mut reader = FrameReader::new(Sender::Client, compression, LIMITS);
    let (mut list, mut message, mut kept) = (Vec::new(), Vec::new(), Vec::new());
    for mut chunk in bytes.chunks(size) {
        loop {
            match reader.next(&mut chunk) {
                Ok(None) => break,
                Ok(Some(Part::Begin(begin))) => kept.extend_from_slice(begin.head.as_slice()),
                Ok(Some(Part::Payload(payload))) => {
                    kept.extend_from_slice(payload.raw);
                    payload.append_to(&mut message);
                }
                Ok(Some(Part::End(End::Frame))) => (),
                Ok(Some(Part::End(End::Message))) => {
                    list.push(String::from_utf8_lossy(&std::mem::take(&mut message)).into_owned());
                }
                Ok(Some(Part::Control(control))) => {
                    control.append_to(&mut kept);
                    list.push(format!("{:?} {}", control.kind, String::from_utf8_lossy(&control.payload())));
                }
                Err(error) => {
                    assert_eq!(reader.next(&mut &b"\x81"[..]), Err(error));
                    // Nothing is lost.
                    kept.extend(reader.withheld());
                    kept.extend_from_slice(chunk);
                    assert!(bytes.starts_with(&kept));
                    return (list, Some(error));
                }
            }
        }
    }
    kept.extend(reader.withheld());
    assert!(bytes.starts_with(&kept) && (reader.is_closed() || kept.len() == bytes.len()));
    (list, None)
}

#[track_caller]
fn check(bytes: &[u8], expected: &[&str], error: Option<FrameError>) {
    for size in [1, 2, 3, 7, 1_000_000] {
        let (list, failed) = told(bytes, Compression::Off, size);
        let list: Vec<&str> = list.iter().map(String::as_str).collect();
        assert_eq!((list.as_slice(), failed), (expected, error), "in chunks of {size}");
    }
}

#[track_caller]
fn fails(bytes: &[u8], error: FrameError) {
    check(bytes, &[], Some(error));
}

#[test]
fn messages_and_control_frames_are_told_apart() {
    check(&masked(0x81, b"hi"), &["hi"], None);
    check(&masked(0x81, b""), &[""], None);
    let parts = [masked(1, b"a"), masked(0x89, b"p"), masked(0, b"b"), masked(0x8a, b""), masked(0x80, b"c")];
    check(&parts.concat(), &["Ping p", "Pong ", "abc"], None);
    check(&[masked(0x82, b"\xff"), masked(0x81, b"b")].concat(), &["\u{fffd}", "b"], None);
}

#[test]
fn nothing_counts_after_a_close() {
    let normal = masked(0x88, b"\x03\xe8bye");
    let told = "Close(Close { code: Some(CloseCode(1000)) }) \u{3}\u{fffd}bye";
    check(&[normal.clone(), vec![0xff; 100]].concat(), &[told], None);
    check(&masked(0x88, b""), &["Close(Close { code: None }) "], None);
    let mut reader = FrameReader::new(Sender::Client, Compression::Off, LIMITS);
    assert!(matches!(reader.next(&mut normal.as_slice()), Ok(Some(Part::Control(_)))));
    assert!(reader.is_closed());
}

#[test]
fn a_first_byte_must_mean_something() {
    for opcode in [3, 4, 5, 6, 7, 0xb, 0xc, 0xd, 0xe, 0xf] {
        fails(&[0x80 | opcode], FrameError::ReservedOpcode { opcode });
    }
    for bit in [0x10, 0x20, 0x40] {
        fails(&[0x81 | bit], FrameError::ReservedBit);
    }
    for control in [8, 9, 0xa] {
        fails(&[control], FrameError::ControlFragmented);
    }
}

#[test]
fn a_reserved_bit_means_compression_where_that_was_agreed() {
    let told = |bytes: &[u8]| told(bytes, Compression::Deflate, 3);
    assert_eq!(told(&masked(0xc1, b"\xff")), (vec!["\u{fffd}".to_owned()], None));
    assert_eq!(told(&[masked(0x41, b"a"), masked(0x80, b"b")].concat()), (vec!["ab".to_owned()], None));
    for first in [0x40, 0xc0, 0xc8, 0xc9, 0xca, 0xe1, 0x91] {
        let bytes = [masked(1, b"a"), vec![first]].concat();
        assert_eq!(told(&bytes), (vec![], Some(FrameError::ReservedBit)), "{first:x}");
    }
}

#[test]
fn clients_mask_and_servers_do_not() {
    fails(&[0x81, 0x02], FrameError::Unmasked);
    let mut reader = FrameReader::new(Sender::Server, Compression::Off, LIMITS);
    assert_eq!(reader.next(&mut &[0x81, 0x82][..]), Err(FrameError::Masked));
    let mut reader = FrameReader::new(Sender::Server, Compression::Off, LIMITS);
    assert!(matches!(reader.next(&mut &b"\x81\x02hi"[..]), Ok(Some(Part::Begin(_)))));
}

#[test]
fn a_length_is_as_short_as_it_can_be() {
    let least = |short: u8, length: &[u8]| [&[0x82, 0x80 | short], length].concat();
    fails(&least(126, &[0, 125]), FrameError::LengthNotMinimal);
    check(&[&least(126, &[0, 126])[..], &KEY].concat(), &[], None);
    fails(&least(127, &[0, 0, 0, 0, 0, 0, 0xff, 0xff]), FrameError::LengthNotMinimal);
    check(&[&least(127, &[0, 0, 0, 0, 0, 1, 0, 0])[..], &KEY].concat(), &[], None);
    fails(&least(127, &[0x80]), FrameError::LengthTooHigh);
    let longest = [&least(127, &[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])[..], &KEY].concat();
    fails(&longest, FrameError::TooLarge { limit: 70_000 });
}

#[test]
fn control_frames_are_short_and_whole() {
    check(&masked(0x89, &[b'p'; 125]), &[&format!("Ping {}", "p".repeat(125))], None);
    fails(&[0x89, 0xfe], FrameError::ControlTooLong);
    fails(&[0x88, 0xff], FrameError::ControlTooLong);
}

#[test]
fn messages_do_not_mix() {
    fails(&masked(0x80, b"a"), FrameError::NothingToContinue);
    fails(&masked(0, b"a"), FrameError::NothingToContinue);
    fails(&[masked(1, b"a"), masked(0x81, b"b")].concat(), FrameError::Interleaved);
    fails(&[masked(2, b"a"), masked(2, b"b")].concat(), FrameError::Interleaved);
}

#[test]
fn a_message_is_within_its_limits_before_any_of_it_is_kept() {
    let large = |bytes: usize| masked(0x82, &vec![0xff; bytes]);
    check(&large(70_000), &[&"\u{fffd}".repeat(70_000)], None);
    fails(large(70_001).get(..14).unwrap(), FrameError::TooLarge { limit: 70_000 });
    let parts = [masked(2, &[0; 65_536]), masked(0, &[0; 4_464]), masked(0x80, b"x")];
    fails(&parts.concat(), FrameError::TooLarge { limit: 70_000 });
    check(&[masked(1, b"a"), masked(0, b""), masked(0x80, b"b")].concat(), &["ab"], None);
    let parts = [masked(1, b"a"), masked(0, b""), masked(0, b""), masked(0x80, b"b")];
    fails(&parts.concat(), FrameError::TooManyFrames { limit: 3 });
}

#[test]
fn text_is_utf8_over_frames() {
    let euro = "€".as_bytes();
    let parts =
        [masked(1, &euro[..1]), masked(0x89, b"\xff"), masked(0, &euro[1..2]), masked(0x80, &euro[2..])];
    check(&parts.concat(), &["Ping \u{fffd}", "€"], None);
    fails(&[masked(1, &euro[..1]), masked(0x80, b"a")].concat(), FrameError::NotUtf8);
    fails(&masked(0x81, &euro[..2]), FrameError::NotUtf8);
    // Of a message that is not there to its end the first bad byte is enough.
    fails(masked(1, b"ok\xc0 and much more").get(..9).unwrap(), FrameError::NotUtf8);
}

#[test]
fn a_close_says_what_may_be_said() {
    let close = |payload: &[u8]| masked(0x88, payload);
    fails(&close(b"\x03"), FrameError::CloseTooShort);
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535_u16] {
        fails(&close(&code.to_be_bytes()), FrameError::CloseCode { code });
    }
    for code in [1000, 1001, 1003, 1007, 1011, 1014, 3000, 4400, 4999_u16] {
        let (told, error) = told(&close(&code.to_be_bytes()), Compression::Off, 9);
        assert_eq!((told.len(), error), (1, None), "{code}");
    }
    fails(&close(b"\x03\xe8\xff"), FrameError::NotUtf8);
    fails(&close(b"\x03\xe8\xe2\x82"), FrameError::NotUtf8);
}

#[test]
fn a_close_is_found_after_what_is_no_matter_of_frames() {
    let close = masked(0x88, b"\x03\xe8");
    let check = |bytes: &[u8], is_found: bool| {
        for size in [1, 3, 1_000_000] {
            let mut reader = FrameReader::new(Sender::Client, Compression::Off, LIMITS);
            for mut chunk in [bytes, &close].concat().chunks(size) {
                loop {
                    match reader.next(&mut chunk) {
                        Ok(Some(_)) => (),
                        Ok(None) => break,
                        Err(_) if reader.forgive() => (),
                        Err(_) => break,
                    }
                }
            }
            assert_eq!(reader.is_closed(), is_found, "{bytes:.20x?} by {size}");
        }
    };
    check(&masked(0x81, &vec![b'x'; 70_001]), true);
    check(
        &[masked(1, b"a"), masked(0, b""), masked(0, b""), masked(0, b"b"), masked(0x80, b"\xff")].concat(),
        true,
    );
    check(&masked(0x81, b"a\xffb"), true);
    check(&[masked(1, b"a\xffb"), masked(0x89, b"p"), masked(0x80, b"\xff")].concat(), true);
    check(&masked(0x81, b"\xe2\x82"), true);
    check(&masked(0x88, &1005_u16.to_be_bytes()), true);
    check(b"\x81\x02hi", false);
    check(&masked(0x80, b"a"), false);
    check(&[masked(0x81, b"\xff"), masked(0x83, b"a")].concat(), false);
}

#[test]
fn what_is_written_is_read_back() {
    let (medium, long) = ("é".repeat(100), "é".repeat(34_999));
    for (frame, expected) in [
        (Frame::Text("hi"), "hi".to_owned()),
        (Frame::Text(&medium), medium.clone()),
        (Frame::Text(&long), long.clone()),
        (Frame::Ping(b"nonce"), "Ping nonce".to_owned()),
        (
            Frame::Close(CloseCode(4400), "no"),
            "Close(Close { code: Some(CloseCode(4400)) }) \u{11}0no".to_owned(),
        ),
    ] {
        let mut bytes = Vec::new();
        write(frame, Masking::Key(KEY), &mut bytes);
        check(&bytes, &[&expected], None);
    }
    let mut bytes = Vec::new();
    write(Frame::Close(CloseCode(4400), &medium), Masking::Off, &mut bytes);
    assert_eq!((bytes.len(), bytes[1]), (126, 124), "the reason ends before half a character");
    bytes.clear();
    write(Frame::Ping(b"PCLS"), Masking::Key([0; 4]), &mut bytes);
    assert_eq!(bytes, b"\x89\x84\0\0\0\0PCLS");
}

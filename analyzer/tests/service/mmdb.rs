//! A file in MaxMind's format, made by the test: networks of IPv4 and IPv6 and their countries.
//!
//! <https://maxmind.github.io/MaxMind-DB/>: a search tree of pairs of 32-bit records, 16 zero bytes, the data, the metadata.

use std::net::IpAddr;

const MARKER: &[u8] = b"\xAB\xCD\xEFMaxMind.com";

/// Where a branch of the tree leads.
#[derive(Clone, Copy)]
enum Record {
    Nothing,
    Node(usize),
    Data(usize),
}

/// The file: which country each network (address, length of the prefix) is in.
pub(crate) fn mmdb(kind: &str, networks: &[(&str, u8, &str)]) -> Vec<u8> {
    let mut tree = vec![[Record::Nothing; 2]];
    let mut data = Vec::new();
    for (address, prefix, code) in networks {
        // IPv4 is in the last 32 bits of an IPv6 tree.
        let (bits, prefix) = match address.parse().unwrap() {
            IpAddr::V4(it) => (u128::from(u32::from(it)), prefix + 96),
            IpAddr::V6(it) => (u128::from(it), *prefix),
        };
        let offset = data.len();
        map(&mut data, 1);
        text(&mut data, "country");
        map(&mut data, 1);
        text(&mut data, "iso_code");
        text(&mut data, code);
        let mut node = 0;
        for depth in 0..prefix {
            let side = usize::from(bits >> (127 - depth) & 1 == 1);
            if depth + 1 == prefix {
                tree[node][side] = Record::Data(offset);
            } else if let Record::Node(next) = tree[node][side] {
                node = next;
            } else {
                tree.push([Record::Nothing; 2]);
                tree[node][side] = Record::Node(tree.len() - 1);
                node = tree.len() - 1;
            }
        }
    }
    let nodes = tree.len();
    let mut file = Vec::new();
    for record in tree.iter().flatten() {
        let value = match record {
            Record::Nothing => nodes,
            Record::Node(node) => *node,
            Record::Data(offset) => nodes + 16 + offset,
        };
        file.extend(u32::try_from(value).unwrap().to_be_bytes());
    }
    file.extend([0; 16]);
    file.extend(data);
    file.extend(MARKER);
    metadata(&mut file, kind, u32::try_from(nodes).unwrap());
    file
}

fn metadata(file: &mut Vec<u8>, kind: &str, nodes: u32) {
    map(file, 9);
    for (name, number) in [
        ("binary_format_major_version", 2),
        ("binary_format_minor_version", 0),
        ("ip_version", 6),
        ("record_size", 32),
    ] {
        text(file, name);
        file.push(5 << 5 | 2);
        file.extend(u16::to_be_bytes(number));
    }
    text(file, "node_count");
    file.push(6 << 5 | 4);
    file.extend(nodes.to_be_bytes());
    text(file, "build_epoch");
    // Extended types are the type less seven, in a byte of its own.
    file.extend([8, 9 - 7]);
    file.extend(1_700_000_000_u64.to_be_bytes());
    text(file, "database_type");
    text(file, kind);
    text(file, "languages");
    file.extend([0, 11 - 7]);
    text(file, "description");
    map(file, 1);
    text(file, "en");
    text(file, "made by a test");
}

fn map(data: &mut Vec<u8>, entries: u8) {
    data.push(7 << 5 | entries);
}

fn text(data: &mut Vec<u8>, text: &str) {
    let length = u8::try_from(text.len()).unwrap();
    if length < 29 {
        data.push(2 << 5 | length);
    } else {
        data.extend([2 << 5 | 29, length - 29]);
    }
    data.extend(text.as_bytes());
}

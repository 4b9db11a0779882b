//! How the tokens of issuers begin.

/// Each with the number of characters that follow at least; in order.
#[rustfmt::skip]
const ISSUED: [(&str, usize); 91] = [
    ("A3T", 16), ("ABIA", 16), ("ACCA", 16), ("AGE-SECRET-KEY-1", 40), ("AGPA", 16), ("AIDA", 16),
    ("AIPA", 16), ("AIza", 30), ("AKIA", 16), ("ANPA", 16), ("ANVA", 16), ("APKA", 16), ("AROA", 16),
    ("ASCA", 16), ("ASIA", 16), ("ATATT3", 20), ("ATBB", 24), ("CFPAT-", 20), ("EAAA", 60), ("EAAC", 60),
    ("GOCSPX-", 20), ("LTAI", 16), ("NRAK-", 20), ("PMAK-", 20), ("SG.", 40), ("SK", 32), ("ck_live_", 16),
    ("dapi", 32), ("dckr_pat_", 20), ("doo_v1_", 40), ("dop_v1_", 40), ("dor_v1_", 40), ("dp.pt.", 30),
    ("dp.st.", 30), ("figd_", 20), ("fio-u-", 30), ("gho_", 20), ("ghp_", 20), ("ghr_", 20), ("ghs_", 20),
    ("ghu_", 20), ("github_pat_", 20), ("glagent-", 20), ("glc_", 20), ("gldt-", 16), ("glft-", 16),
    ("glimt-", 16), ("glpat-", 16), ("glptt-", 16), ("glrt-", 16), ("glsa_", 20), ("hf_", 20), ("hvb.", 20),
    ("hvs.", 20), ("key-", 32), ("lin_api_", 20), ("lsv2_", 20), ("npm_", 20), ("ntn_", 30), ("phc_", 20),
    ("pk_live_", 16), ("pk_test_", 16), ("pplx-", 30), ("pypi-", 30), ("rk_live_", 16), ("rk_test_", 16),
    ("rubygems_", 30), ("secret_", 30), ("shpat_", 20), ("shpca_", 20), ("shppa_", 20), ("shpss_", 20),
    ("sk-", 20), ("sk_live_", 16), ("sk_test_", 16), ("sq0atp-", 16), ("sq0csp-", 16), ("tfp_", 30),
    ("whsec_", 20), ("xapp-", 20), ("xoxa-", 20), ("xoxb-", 20), ("xoxc-", 20), ("xoxd-", 20), ("xoxe-", 20),
    ("xoxe.", 20), ("xoxo-", 20), ("xoxp-", 20), ("xoxr-", 20), ("xoxs-", 20), ("ya29.", 20),
];

/// Which pairs of bytes any begins with, folded into 1,024 bits: most tokens of a text are seen to be none at once.
#[expect(clippy::indexing_slicing, reason = "at compile time")]
const PAIRS: [u32; 32] = {
    let mut pairs = [0; 32];
    let mut at = 0;
    while at < ISSUED.len() {
        let prefix = ISSUED[at].0.as_bytes();
        let (word, bit) = place([prefix[0], prefix[1]]);
        pairs[word] |= 1 << bit;
        at += 1;
    }
    pairs
};

const fn place([first, second]: [u8; 2]) -> (usize, u32) {
    ((first & 31) as usize, (second & 31) as u32)
}

/// Whether one may begin with two bytes.
pub(super) fn may_begin_with(two: [u8; 2]) -> bool {
    let (word, bit) = place(two);
    PAIRS.get(word).is_some_and(|bits| bits >> bit & 1 == 1)
}

/// Those that begin with two bytes.
pub(super) fn beginning_with(two: [u8; 2]) -> impl Iterator<Item = (&'static [u8], usize)> {
    let from = ISSUED.partition_point(|(prefix, _)| prefix.as_bytes() < &two[..]);
    let all = ISSUED.get(from..).unwrap_or_default().iter();
    all.map(|(prefix, least)| (prefix.as_bytes(), *least))
        .take_while(move |(prefix, _)| prefix.starts_with(&two))
}

#[cfg(test)]
mod tests {
    #[test]
    fn prefixes_are_in_order() {
        assert!(super::ISSUED.is_sorted());
    }
}

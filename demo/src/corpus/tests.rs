use super::*;
use std::collections::BTreeSet;
use std::sync::LazyLock;

static EVERYTHING: LazyLock<Vec<Play>> =
    LazyLock::new(|| PolicyFile::ALL.into_iter().flat_map(|policy| plays(policy).unwrap()).collect());

#[test]
fn every_case_is_played_and_every_verdict_known() {
    let plays = &*EVERYTHING;
    let played: BTreeSet<_> = plays.iter().map(|play| play.name.as_str()).collect();
    let cases = all().unwrap();
    let names: BTreeSet<_> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), cases.len(), "two cases of one name");
    assert_eq!(names.difference(&played).collect::<Vec<_>>(), Vec::<&&str>::new());
    for play in plays {
        for verdict in &play.expected {
            assert!(verdict.answer().is_some(), "{}: nobody knows the reason {}", play.name, verdict.word());
        }
    }
}

#[test]
fn every_family_is_played_or_joins_later() {
    let mut played: BTreeSet<_> = EVERYTHING.iter().filter_map(|play| play.family).collect();
    let waves: Vec<_> = waves(2).unwrap().into_iter().flatten().collect();
    played.extend(waves.iter().flat_map(|wave| &wave.plays).filter_map(|play| play.family));
    let families = families().unwrap();
    assert_eq!(
        families.iter().map(|family| family.family).collect::<Vec<_>>(),
        (1..=100).collect::<Vec<_>>()
    );
    for family in &families {
        let is_there = played.contains(&family.family) || family.joins.is_some();
        assert!(is_there, "family {} ({}) has no case", family.family, family.title);
    }
}

#[test]
fn the_document_is_that_of_the_corpus() {
    assert_eq!(table().unwrap(), include_str!("../../../docs/abuse.md"), "run `cargo xtask docs`");
}

#[test]
fn a_long_url_is_expected_to_be_refused_for_its_length_and_an_overlong_one_is_not_sent() {
    let gets: Vec<_> = EVERYTHING.iter().filter(|play| play.transport.is_get()).collect();
    let long = gets.iter().filter(|play| play.expected == [Verdict::of("url_size")]).count();
    assert!(long > 0 && gets.iter().all(|play| play.request.path.len() <= 50_000), "{long}");
}

#[test]
fn a_flood_is_one_sender_and_its_twin_another() {
    let all = waves(2).unwrap();
    let [first, second] = all.as_slice() else { panic!("twice") };
    assert_eq!(first.len(), second.len());
    for wave in first.iter().chain(second) {
        let refused = wave.plays.iter().filter(|play| play.expected != [Verdict::Allow]).count();
        assert_eq!(refused, 2, "{}", wave.twin.name);
        assert_eq!((wave.twin.family, wave.twin.expected.as_slice()), (None, &[Verdict::Allow][..]));
        let last = wave.plays.last().unwrap();
        assert_eq!((last.transport, &last.way), (wave.twin.transport, &wave.twin.way));
        assert_ne!(last.request.headers, wave.twin.request.headers);
    }
    assert_ne!(first[0].plays[0].request.headers, second[0].plays[0].request.headers);
}

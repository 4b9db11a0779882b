//! Lets contenders run in turns, A B C A B C, and compares each with the first one turn by turn: what the machine does meanwhile
//! happens to all of them.

use rustix::time::{ClockId, clock_gettime};

/// A contender: its name, and one turn of work.
pub(crate) struct Contender<'a> {
    pub(crate) name: &'static str,
    pub(crate) turn: Box<dyn FnMut() + 'a>,
}

/// A contender's CPU time as a multiple of the first contender's.
pub(crate) struct Ratio {
    pub(crate) name: &'static str,
    pub(crate) median: f64,
    /// The quarter of the turns with the lowest ratio ends at the first, the one with the highest begins at the second.
    pub(crate) quartiles: (f64, f64),
    /// The median turn in nanoseconds.
    pub(crate) nanoseconds: f64,
}

/// Runs as many rounds as asked, after one that does not count.
pub(crate) fn race(contenders: &mut [Contender<'_>], rounds: u32) -> Vec<Ratio> {
    let mut turns: Vec<Vec<f64>> = contenders.iter().map(|_| Vec::new()).collect();
    for round in 0..=rounds {
        for (contender, times) in contenders.iter_mut().zip(&mut turns) {
            let started = cpu_nanoseconds();
            (contender.turn)();
            if round > 0 {
                times.push(cpu_nanoseconds() - started);
            }
        }
    }
    let first = turns.first().cloned().unwrap_or_default();
    let compare = |(contender, times): (&Contender<'_>, Vec<f64>)| {
        let mut ratios: Vec<f64> =
            times.iter().zip(&first).map(|(time, base)| time / base.max(1.0)).collect();
        let mut times = times;
        Ratio {
            name: contender.name,
            median: at(&mut ratios, 0.5),
            quartiles: (at(&mut ratios, 0.25), at(&mut ratios, 0.75)),
            nanoseconds: at(&mut times, 0.5),
        }
    };
    contenders.iter().zip(turns).map(compare).collect()
}

fn at(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let index = (values.len().saturating_sub(1) as f64 * share).round() as usize;
    values.get(index).copied().unwrap_or(f64::NAN)
}

fn cpu_nanoseconds() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 * 1e9 + now.tv_nsec as f64
}

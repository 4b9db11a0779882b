//! Whether an operation declares a variable twice: servers disagree on which of the two counts.

use crate::document::{Document, Operation};

/// Names of earlier variables that are looked through before all of them are sorted.
const FEW: usize = 16;

impl Document<'_> {
    /// Whether one of its operations declares a variable twice. Linear but for a sort where there are many.
    #[must_use]
    pub fn declares_twice(self) -> bool {
        self.operations().any(Operation::declares_twice)
    }
}

impl Operation<'_> {
    fn declares_twice(self) -> bool {
        // A bit for names of a kind: those that have one of their own are seen for the first time.
        let mut seen = 0_u64;
        for (index, variable) in self.variables().enumerate() {
            let name = variable.name();
            let bit = 1_u64 << kind(name.as_bytes());
            if seen & bit != 0 {
                if index > FEW {
                    return self.has_same_names();
                }
                if self.variables().take(index).any(|earlier| earlier.is_named(name)) {
                    return true;
                }
            }
            seen |= bit;
        }
        false
    }

    #[cold]
    fn has_same_names(self) -> bool {
        let mut names: Vec<&str> = self.variables().map(|variable| variable.name()).collect();
        names.sort_unstable();
        names.windows(2).any(|pair| matches!(pair, [one, other] if one == other))
    }
}

/// A number below 64 that is the same for the same name.
fn kind(name: &[u8]) -> u32 {
    let (first, last) = (name.first().copied().unwrap_or(0), name.last().copied().unwrap_or(0));
    let mixed = u32::from(first).wrapping_mul(7) ^ u32::from(last).wrapping_mul(13) ^ (name.len() as u32);
    mixed & 0x3F
}

#[cfg(test)]
mod tests {
    use crate::{Budget, Tape, parse};

    #[track_caller]
    fn check(text: &str, expected: bool) {
        let mut tape = Tape::default();
        assert_eq!(parse(text, Budget::default(), &mut tape).unwrap().declares_twice(), expected, "{text}");
    }

    #[test]
    fn a_variable_is_declared_once_an_operation() {
        check("{ a }", false);
        check("query($n: Int) { a }", false);
        check("query($n: Int = 1, $n: Int = 2) { a }", true);
        check("query($a: Int, $n: [Int] @a(b: 1), $n: Int) { a }", true);
        check("query A($n: Int) { a } query B($n: Int) { a }", false);
        check("query A($n: Int) { a } query B($n: Int, $m: Int, $n: Int) { a }", true);
        check("query($ab: Int, $ba: Int, $aab: Int, $N: Int, $n: Int) { a }", false);
    }

    #[test]
    fn of_many_variables_each_is_compared() {
        for count in [2, 16, 17, 18, 40, 500] {
            let names: String = (0..count).map(|number| format!("$v{number:03}: Int ")).collect();
            check(&format!("query({names}) {{ a }}"), false);
            for number in [0, 1, count / 2, count - 1] {
                check(&format!("query({names} $v{number:03}: Int) {{ a }}"), true);
            }
        }
    }
}

//! How many tests passed, as test programs say it.

/// How the tests of one or of all programs ended.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(in crate::ci) struct TestCounts {
    results: u64,
    passed: u64,
    failed: u64,
}

impl TestCounts {
    /// What a program printed: lines such as `test result: ok. 12 passed; 0 failed; 0 ignored; …` count, others do not.
    pub(super) fn of(printed: &str) -> Self {
        printed.lines().filter_map(Self::of_line).fold(Self::default(), Self::and)
    }

    fn of_line(line: &str) -> Option<Self> {
        let result = line.strip_prefix("test result: ")?;
        let of = |word: &str| {
            let before = result.split(';').find_map(|part| part.trim_end().strip_suffix(word))?;
            before.split_whitespace().next_back()?.parse::<u64>().ok()
        };
        Some(Self { results: 1, passed: of(" passed")?, failed: of(" failed")? })
    }

    /// Both together.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            results: self.results + other.results,
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
        }
    }

    /// Whether any program said how its tests ended.
    pub(super) fn has_results(self) -> bool {
        self.results > 0
    }

    pub(super) fn passed(self) -> u64 {
        self.passed
    }

    pub(super) fn failed(self) -> u64 {
        self.failed
    }

    /// The line that whoever reads the gate's output looks for.
    pub(in crate::ci) fn line(self) -> String {
        format!("{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_over_the_programs() {
        let printed = "running 12 tests\n\
            test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            test a::test result: of 7 passed ... ok\n\
            test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\n\n";
        let counts = TestCounts::of(printed);
        assert_eq!(counts, TestCounts { results: 2, passed: 15, failed: 2 });
        assert_eq!(counts.line(), "15 passed, 2 failed");
        assert!(!TestCounts::of("all is well\n").has_results());
    }
}

//! What each check of a capture says. A voter that cannot tell abstains: it never passes for want of evidence.

/// A number that a voter measured or compared with, in millionths: rows and records are compared for being equal, which
/// floating point is not made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Measure(i64);

impl Measure {
    /// To the nearest millionth; none of what is no finite number or does not fit.
    pub fn of(value: f64) -> Option<Self> {
        let millionths = (value * 1e6).round();
        // 2^63 as a float; what is below it in size fits.
        (millionths.is_finite() && millionths.abs() < 9.2e18).then_some(Self(millionths as i64))
    }

    /// The number.
    pub fn value(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// In millionths, as it stands in records.
    pub fn millionths(self) -> i64 {
        self.0
    }

    /// Takes up what [`Measure::millionths`] gave.
    pub fn from_millionths(millionths: i64) -> Self {
        Self(millionths)
    }
}

words! {
    /// How a voter voted.
    VoterState {
        /// What it looks for is there.
        Pass = "pass",
        /// It is not, or its opposite is.
        Fail = "fail",
        /// It cannot tell.
        Abstain = "abstain",
    }
}

/// One voter's vote, and what it goes by. Names and reasons are words of ours, `[a-z][a-z0-9_]*`, kept as text: a later
/// analyser's are read by an earlier build.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VoterFinding {
    /// Which voter: `card_geometry`, say.
    pub name: String,
    /// Its vote.
    pub state: VoterState,
    /// A code for why: `too_few_frames`, say.
    pub reason: String,
    /// What was measured. In records it is sealed apart (`biometric`), and none here.
    pub value: Option<Measure>,
    /// What it was compared with.
    pub threshold: Option<Measure>,
}

words! {
    /// What voters of one kind come to together.
    FusedVerdict {
        /// Taken live.
        Live = "live",
        /// Not taken live.
        Spoof = "spoof",
        /// Cannot be told.
        Unclear = "unclear",
        /// What it says agrees with itself.
        Authentic = "authentic",
        /// What it says contradicts itself.
        Tampered = "tampered",
    }
}

/// Voters of one kind: `antiSpoof` or `tamper` of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VoterPanel {
    /// What they come to.
    pub fused: FusedVerdict,
    /// Each vote, in the order of the answer.
    pub voters: Vec<VoterFinding>,
}

impl VoterPanel {
    /// How many voted for it.
    pub fn passed(&self) -> usize {
        self.voters.iter().filter(|voter| voter.state == VoterState::Pass).count()
    }

    /// How many did not abstain.
    pub fn present(&self) -> usize {
        self.voters.iter().filter(|voter| voter.state != VoterState::Abstain).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measure_is_a_number_to_a_millionth() {
        for (value, millionths) in [(0.0, 0), (0.85, 850_000), (-1.586, -1_586_000), (1e-7, 0)] {
            let measure = Measure::of(value).expect("a number");
            assert_eq!(measure.millionths(), millionths);
            assert_eq!(Measure::from_millionths(millionths), measure);
        }
        for no_number in [f64::NAN, f64::INFINITY, -1e300] {
            assert_eq!(Measure::of(no_number), None);
        }
        assert!((Measure::from_millionths(1_586_000).value() - 1.586).abs() < f64::EPSILON);
    }

    #[test]
    fn words_come_back() {
        for state in VoterState::ALL {
            assert_eq!(VoterState::parse(state.as_str()), Some(state));
        }
        for verdict in FusedVerdict::ALL {
            assert_eq!(FusedVerdict::parse(verdict.as_str()), Some(verdict));
        }
        assert_eq!((VoterState::parse("passed"), FusedVerdict::parse("real")), (None, None));
    }
}

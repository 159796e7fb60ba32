//! Accounts for the numbered lines of one log, as one client receives them.

/// The lines of one log that a client has received, by their numbers.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    last: Option<u64>,
    declared: Declared,
}

/// What the gaps since the last line declare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Declared {
    #[default]
    Nothing,
    /// This many lines are missing.
    Lines(u64),
    /// Lines may be missing.
    Unknown,
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// This many lines before it are missing, beyond those of declared gaps.
    Missing(u64),
    /// It was received before.
    Doubled,
}

impl Counted {
    /// Receives a line, which begins with its number.
    pub(crate) fn line(&mut self, text: &str) -> Option<Wrong> {
        let number: u64 = text.split(' ').next()?.parse().ok()?;
        let declared = std::mem::take(&mut self.declared);
        let Some(last) = self.last.filter(|_| number > 0) else {
            self.last = Some(number);
            return None;
        };
        if number <= last {
            return Some(Wrong::Doubled);
        }
        self.last = Some(number);
        let missing = number - last - 1;
        let missing = match declared {
            Declared::Nothing => missing,
            Declared::Lines(lines) => missing.saturating_sub(lines),
            Declared::Unknown => 0,
        };
        (missing > 0).then_some(Wrong::Missing(missing))
    }

    /// Receives a gap of so many lines, if their number is known.
    pub(crate) fn gap(&mut self, missing: Option<u64>) {
        self.declared = match (self.declared, missing) {
            (Declared::Nothing, Some(missing)) => Declared::Lines(missing),
            (Declared::Lines(before), Some(missing)) => Declared::Lines(before + missing),
            _ => Declared::Unknown,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(lines: &[u64], gap: Option<Option<u64>>, next: u64) -> Option<Wrong> {
        let mut counted = Counted::default();
        for line in lines {
            assert_eq!(counted.line(&format!("{line} x")), None);
        }
        if let Some(missing) = gap {
            counted.gap(missing);
        }
        counted.line(&format!("{next} x"))
    }

    #[test]
    fn a_gap_excuses_as_many_lines_as_it_declares() {
        assert_eq!(wrong(&[], None, 7), None);
        assert_eq!(wrong(&[7, 8], None, 9), None);
        assert_eq!(wrong(&[7], None, 10), Some(Wrong::Missing(2)));
        assert_eq!(wrong(&[7], Some(Some(2)), 10), None);
        assert_eq!(wrong(&[7], Some(Some(1)), 10), Some(Wrong::Missing(1)));
        assert_eq!(wrong(&[7], Some(None), 99), None);
    }

    #[test]
    fn a_repeated_line_is_found_even_after_a_gap() {
        assert_eq!(wrong(&[7, 8], None, 8), Some(Wrong::Doubled));
        assert_eq!(wrong(&[7, 8], Some(None), 7), Some(Wrong::Doubled));
    }
}

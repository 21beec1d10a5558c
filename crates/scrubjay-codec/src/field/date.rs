//! Dates as markers show them, for vocabularies that count.

/// Milliseconds from 1970-01-01T00:00:00Z to a date as markers show it, `2026-11-23T12:00:00Z` (RFC 3339 in UTC, to the second).
/// `None`: it is none, or a policy has made it less exact than that, which a number could not say.
pub(super) fn milliseconds(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let fixed = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')];
    let number = |from: usize, to: usize| {
        let digits = text.get(from..to).filter(|t| t.bytes().all(|b| b.is_ascii_digit()))?;
        digits.parse::<i64>().ok()
    };
    if bytes.len() != 20 || fixed.iter().any(|(at, b)| bytes.get(*at) != Some(b)) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let in_range = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 60;
    // Days from civil, proleptic Gregorian: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468;
    in_range.then_some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_markers_in_milliseconds() {
        let cases = [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2026-11-23T12:00:00Z", Some(1_795_435_200_000)),
            ("2000-02-29T00:00:00Z", Some(951_782_400_000)),
            ("9999-12-31T23:59:59Z", Some(253_402_300_799_000)),
            ("2026-11-23T12Z", None),
            ("2026-11-23", None),
            ("2026-13-23T12:00:00Z", None),
            ("2026-11-23T24:00:00Z", None),
            ("2026-11-23T12:00:00+", None),
            ("2026-11-23T1é:00:00Z", None),
            ("+026-11-23T12:00:00Z", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(milliseconds(text), expected, "{text}");
        }
    }
}

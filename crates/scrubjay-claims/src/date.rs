//! Dates as markers and audit logs have them.

/// The last second that a date may have, 9999-12-31T23:59:59Z, in seconds since 1970.
pub const DATE_SECONDS_MAX: u64 = 253_402_300_799;

/// Seconds since 1970 as RFC 3339 in UTC; later ones than [`DATE_SECONDS_MAX`] as that one.
#[must_use]
pub fn rfc3339(seconds: u64) -> String {
    let seconds = seconds.min(DATE_SECONDS_MAX);
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Civil from days: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". Years begin in March here, so that the
    // leap day is the last of a year: 719,468 days from 0000-03-01 to 1970-01-01.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let date = day - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = era * 400 + year + later;
    let mut text = *b"0000-00-00T00:00:00Z";
    // Two digits each.
    let numbers = [year / 100, year % 100, month, date, rest / 3600, rest / 60 % 60, rest % 60];
    for (at, number) in [0, 2, 5, 8, 11, 14, 17].into_iter().zip(numbers) {
        if let Some([tens, ones]) = text.get_mut(at..at + 2) {
            *tens += (number / 10) as u8;
            *ones += (number % 10) as u8;
        }
    }
    std::str::from_utf8(&text).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_078_099_199, "2004-02-29T23:59:59Z"),
            (1_078_099_200, "2004-03-01T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (1_767_225_599, "2025-12-31T23:59:59Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
            (u64::MAX, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(seconds), text, "{seconds}");
        }
    }
}

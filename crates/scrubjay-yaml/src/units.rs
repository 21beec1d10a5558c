//! Sizes and durations as people write them.

use std::time::Duration;

/// Units of size in bytes; the first four are also shown.
const SIZES: [(&str, u64); 10] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1000),
    ("KB", 1000),
    ("B", 1),
];

/// Units of time in milliseconds, largest first.
const DURATIONS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// Bytes in `64KiB`, `10MB`, `512B` or `512`; `None` when it is none of that or does not fit.
pub fn size(text: &str) -> Option<u64> {
    let (digits, unit) = split(text)?;
    let bytes = if unit.is_empty() { 1 } else { SIZES.iter().find(|(name, _)| *name == unit)?.1 };
    digits.checked_mul(bytes)
}

/// `5s`, `250ms`, `15m`, `1h`, `7d`; `None` when it is none of that, has no unit, or does not fit.
pub fn duration(text: &str) -> Option<Duration> {
    let (digits, unit) = split(text)?;
    let millis = DURATIONS.iter().find(|(name, _)| *name == unit)?.1;
    digits.checked_mul(millis).map(Duration::from_millis)
}

/// Bytes in the largest binary unit that shows them exactly.
pub fn show_size(bytes: u64) -> String {
    let binary = SIZES.iter().take(4).find(|(_, unit)| bytes >= *unit && bytes.is_multiple_of(*unit));
    match binary {
        Some((name, unit)) => format!("{}{name}", bytes / unit),
        None => format!("{bytes}B"),
    }
}

/// A duration in the largest unit that shows it exactly.
pub fn show_duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    let unit = DURATIONS.iter().find(|(_, unit)| millis >= u128::from(*unit) && millis.is_multiple_of(u128::from(*unit)));
    match unit {
        Some((name, unit)) => format!("{}{name}", millis / u128::from(*unit)),
        None => format!("{millis}ms"),
    }
}

/// The number in front and the unit behind.
fn split(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at_checked(end)?;
    Some((digits.parse().ok()?, unit.trim_start_matches(' ')))
}

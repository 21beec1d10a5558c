//! Outcomes as JUnit XML, for whoever shows test results.

use super::Outcome;

/// The report: one suite, one case for each test.
pub(super) fn report(file: &str, outcomes: &[Outcome]) -> String {
    let failed = outcomes.iter().filter(|o| !o.failures.is_empty()).count();
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites tests=\"{0}\" failures=\"{failed}\">\n  <testsuite name=\"{1}\" tests=\"{0}\" failures=\"{failed}\">\n",
        outcomes.len(),
        escape(file)
    );
    for outcome in outcomes {
        let (line, _) = outcome.place;
        out.push_str(&format!("    <testcase name=\"{}\" classname=\"{}\" line=\"{line}\"", escape(&outcome.name), escape(file)));
        if outcome.failures.is_empty() {
            out.push_str("/>\n");
        } else {
            let first = outcome.failures.first().map_or("", String::as_str);
            let all = outcome.failures.join("\n");
            out.push_str(&format!(">\n      <failure message=\"{}\">{}</failure>\n    </testcase>\n", escape(first), escape(&all)));
        }
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

/// Text for XML 1.0: markup escaped, characters that it cannot have left out.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

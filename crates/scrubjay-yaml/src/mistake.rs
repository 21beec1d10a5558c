//! Mistakes and warnings with their places.

use std::fmt;

/// At most this many mistakes are kept: the rest only repeats them.
const MISTAKES_MAX: usize = 1000;

/// A place in a file. Lines and columns count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Place {
    /// The place that follows `text`, when `text` begins the file.
    pub fn after(text: &str) -> Self {
        let line = text.matches('\n').count() + 1;
        let column = text.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Self { line, column }
    }
}

/// One mistake, or one warning.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// Where it is; `None`: the file as a whole.
    pub place: Option<Place>,
    /// What is wrong.
    pub what: String,
    /// What mends it.
    pub remedy: String,
}

/// Everything that is wrong with a file; shown as one line for each.
#[derive(Debug)]
pub struct Mistakes {
    /// The file as it was named.
    pub file: String,
    /// The mistakes by place, without repetitions. Never empty in an `Err`.
    pub list: Vec<Mistake>,
    /// What is not wrong but worth a look.
    pub warnings: Vec<Mistake>,
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for mistake in &self.list {
            write_line(f, &self.file, "", mistake)?;
        }
        for warning in &self.warnings {
            write_line(f, &self.file, "warning: ", warning)?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

/// One line: `file:line:column: what (remedy)`.
pub fn write_line(f: &mut impl fmt::Write, file: &str, kind: &str, mistake: &Mistake) -> fmt::Result {
    write!(f, "{file}:")?;
    if let Some(Place { line, column }) = mistake.place {
        write!(f, "{line}:{column}:")?;
    }
    write!(f, " {kind}{}", mistake.what)?;
    if !mistake.remedy.is_empty() {
        write!(f, " ({})", mistake.remedy)?;
    }
    f.write_char('\n')
}

/// What kind of file is read, for messages about the file as a whole.
#[derive(Clone, Copy, Debug)]
pub struct Document {
    /// What it is called: `the pipeline file`.
    pub noun: &'static str,
    /// What it has to have, as a remedy for an empty one.
    pub needs: &'static str,
}

/// Where the steps of the reader note what they find.
pub struct Notes {
    file: String,
    document: Document,
    mistakes: Vec<Mistake>,
    warnings: Vec<Mistake>,
}

impl Notes {
    /// Nothing noted yet. `file`: its name as it may be printed.
    #[must_use]
    pub fn new(file: impl Into<String>, document: Document) -> Self {
        Self { file: file.into(), document, mistakes: Vec::new(), warnings: Vec::new() }
    }

    /// The file's name.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// What kind of file it is.
    #[must_use]
    pub fn document(&self) -> Document {
        self.document
    }

    /// Notes a mistake.
    pub fn mistake(&mut self, place: impl Into<Option<Place>>, what: impl Into<String>, remedy: impl Into<String>) {
        if self.mistakes.len() < MISTAKES_MAX {
            self.mistakes.push(Mistake { place: place.into(), what: what.into(), remedy: remedy.into() });
        }
    }

    /// Notes a warning.
    pub fn warning(&mut self, place: Place, what: impl Into<String>, remedy: impl Into<String>) {
        if self.warnings.len() < MISTAKES_MAX {
            self.warnings.push(Mistake { place: Some(place), what: what.into(), remedy: remedy.into() });
        }
    }

    /// Whether any mistake is noted.
    pub fn has_mistakes(&self) -> bool {
        !self.mistakes.is_empty()
    }

    /// The mistakes, when there is no plan in any case.
    pub fn into_mistakes(self) -> Mistakes {
        self.finish().0
    }

    /// Mistakes and warnings by place. What an alias repeats is said once.
    pub fn finish(mut self) -> (Mistakes, Vec<Mistake>) {
        for list in [&mut self.mistakes, &mut self.warnings] {
            list.sort();
            list.dedup();
        }
        (Mistakes { file: self.file, list: self.mistakes, warnings: self.warnings.clone() }, self.warnings)
    }
}

/// A word of the file in quotes. Control characters are escaped, so that a file cannot write to the terminal; a long
/// value is cut, because it may be something else than its writer thought.
pub fn quoted(text: &str) -> String {
    const SHOWN_MAX: usize = 64;
    if text.chars().count() <= SHOWN_MAX {
        return format!("\"{}\"", clean(text));
    }
    let start: String = text.chars().take(12).collect();
    format!("\"{}…\"", clean(&start))
}

/// A text without control or invisible characters.
pub fn clean(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let escape = c.is_control() || (!c.is_ascii() && c.escape_debug().len() > 1);
            let plain = if escape { None } else { Some(c) };
            let escaped = if escape { Some(c.escape_default()) } else { None };
            plain.into_iter().chain(escaped.into_iter().flatten())
        })
        .collect()
}

/// The nearest of some known words, if one is near enough to be what was meant.
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    const WORD_CHARS_MAX: usize = 64;
    let length = word.chars().count();
    if length > WORD_CHARS_MAX {
        return None;
    }
    let edits_max = (length / 3).max(1);
    let lower = word.to_lowercase();
    let candidates = known.into_iter().map(|k| (edits(&lower, &k.to_lowercase()), k));
    // A word of one letter is one edit from any other.
    candidates.filter(|(edits, k)| *edits <= edits_max && *edits < k.len().max(length)).min_by_key(|(edits, _)| *edits).map(|(_, k)| k)
}

/// Letters to insert, remove, replace or swap (neighbours) to make one word of the other.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut a_last = None;
    for (i, a_char) in a.chars().enumerate() {
        let mut row = vec![i + 1];
        let mut b_last = None;
        for (j, &b_char) in b.iter().enumerate() {
            let at = |row: &[usize], k: usize| row.get(k).copied().unwrap_or(usize::MAX / 2);
            let mut best = (at(&last, j) + usize::from(a_char != b_char)).min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            if j > 0 && a_last == Some(b_char) && b_last == Some(a_char) {
                best = best.min(at(&before, j - 1) + 1);
            }
            row.push(best);
            b_last = Some(b_char);
        }
        before = std::mem::replace(&mut last, row);
        a_last = Some(a_char);
    }
    last.last().copied().unwrap_or_default()
}

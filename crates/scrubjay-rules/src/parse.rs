//! Rule files: YAML text to [`Rule`]s, with the place of every mistake.
//!
//! A file is a list of mappings whose values are texts or lists of texts, and nothing deeper: what the events of the parser
//! have to be is known at each of them, so there is no tree and nothing that could nest.

use saphyr_parser::{Event, Marker, Parser};

use crate::mistake::{Mistake, Place};
use crate::rule::{Checksum, Rule};

/// Largest rule file, in bytes: 1 MiB.
pub const FILE_BYTES_MAX: usize = 1024 * 1024;

const FIELDS: &str = "id, description, keywords, case, regex, random, entropy, checksum, before, with, default, fires, stays";

/// Reads the rules of a file. `file` is its name, for messages. The rules are not judged yet: [`crate::RulePack::build`] does.
///
/// # Errors
/// Every mistake that the reader can see, in the order of the file.
pub fn parse(file: &str, text: &str) -> Result<Vec<Rule>, Vec<Mistake>> {
    let mut reader = Reader { file, rules: Vec::new(), mistakes: Vec::new(), state: State::Before };
    if text.len() > FILE_BYTES_MAX {
        reader.wrong(None, "is larger than 1 MiB", "split it; this is hardly a rule file");
        return Err(reader.mistakes);
    }
    for next in Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text)) {
        let done = match next {
            Ok((event, span)) => reader.event(event, place(span.start)),
            Err(e) => {
                let what = format!("this is not YAML: {}", e.info());
                reader.wrong(Some(place(*e.marker())), what, "look at indentation, quotes and brackets at and above this place")
            }
        };
        if done.is_none() {
            return Err(reader.mistakes);
        }
    }
    if reader.mistakes.is_empty() { Ok(reader.rules) } else { Err(reader.mistakes) }
}

/// Columns of the parser count from 0.
fn place(marker: Marker) -> Place {
    Place { line: marker.line().max(1), column: marker.col() + 1 }
}

/// Where in a file the reader is.
enum State {
    Before,
    /// In the list of rules.
    Rules,
    /// In a rule, at a name.
    Name,
    /// At the value of this name.
    Value(String, Place),
    /// In the list that is the value of this name.
    List(String, Place, Vec<String>),
    After,
}

struct Reader<'a> {
    file: &'a str,
    rules: Vec<Rule>,
    mistakes: Vec<Mistake>,
    state: State,
}

impl Reader<'_> {
    /// Notes a mistake; `None`, because most of them end the reading.
    fn wrong(&mut self, place: Option<Place>, what: impl Into<String>, remedy: impl Into<String>) -> Option<()> {
        let inside = matches!(self.state, State::Name | State::Value(..) | State::List(..));
        let rule = self.rules.last().filter(|r| inside && !r.id.is_empty()).map(|r| r.id.clone());
        self.mistakes.push(Mistake { file: self.file.to_owned(), place, rule, what: what.into(), remedy: remedy.into() });
        None
    }

    /// Takes the next event. `None`: what follows cannot be understood.
    fn event(&mut self, event: Event<'_>, at: Place) -> Option<()> {
        let state = std::mem::replace(&mut self.state, State::After);
        self.state = match (state, event) {
            (state, Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd) => state,
            (State::Before, Event::DocumentStart(_)) => State::Before,
            (State::Before, Event::SequenceStart(0, None)) => State::Rules,
            (State::Rules, Event::MappingStart(0, None)) => {
                self.rules.push(Rule { on: true, file: self.file.to_owned(), place: Some(at), ..Rule::default() });
                State::Name
            }
            (State::Rules, Event::SequenceEnd) => State::After,
            (State::Name, Event::Scalar(name, _, 0, None)) => State::Value(name.into_owned(), at),
            (State::Name, Event::MappingEnd) => State::Rules,
            (State::Value(name, place), Event::Scalar(value, _, 0, None)) => {
                self.state = State::Name;
                self.set(&name, place, at, vec![value.into_owned()]);
                State::Name
            }
            (State::Value(name, place), Event::SequenceStart(0, None)) => State::List(name, place, Vec::new()),
            (State::List(name, place, mut values), Event::Scalar(value, _, 0, None)) => {
                values.push(value.into_owned());
                State::List(name, place, values)
            }
            (State::List(name, place, values), Event::SequenceEnd) => {
                self.state = State::Name;
                self.set(&name, place, place, values);
                State::Name
            }
            (state, _) => {
                self.state = state;
                let remedy = "a rule file is a list of mappings; each value is a text, or a list of texts (docs/rules.md)";
                return self.wrong(Some(at), "does not belong here", remedy);
            }
        };
        Some(())
    }

    fn set(&mut self, name: &str, place: Place, at: Place, mut values: Vec<String>) {
        let Some(rule) = self.rules.last_mut() else { return };
        let list = match name {
            "keywords" => Some(&mut rule.keywords),
            "before" => Some(&mut rule.before),
            "with" => Some(&mut rule.with),
            "fires" => Some(&mut rule.fires),
            "stays" => Some(&mut rule.stays),
            _ => None,
        };
        if let Some(list) = list {
            let twice = !list.is_empty();
            list.append(&mut values);
            if twice {
                self.wrong(Some(place), format!("\"{name}\" is here for the second time"), "keep one of them");
            }
            return;
        }
        let (Some(value), true) = (values.pop(), values.is_empty()) else {
            self.wrong(Some(at), format!("\"{name}\" is a list"), "give it one value");
            return;
        };
        self.set_one(name, place, at, value);
    }

    fn set_one(&mut self, name: &str, place: Place, at: Place, value: String) {
        let Some(rule) = self.rules.last_mut() else { return };
        let text = match name {
            "id" => Some(&mut rule.id),
            "description" => Some(&mut rule.description),
            "regex" => Some(&mut rule.regex),
            _ => None,
        };
        if let Some(text) = text {
            if text.is_empty() {
                *text = value;
                return;
            }
            self.wrong(Some(place), format!("\"{name}\" is here for the second time"), "keep one of them");
            return;
        }
        let allowed = match (name, value.as_str()) {
            ("case", "ignore") => {
                rule.ignore_case = true;
                return;
            }
            ("random", "true") => {
                rule.random = true;
                return;
            }
            ("default", "on" | "off") => {
                rule.on = value == "on";
                return;
            }
            ("entropy", number) => match number.parse::<f32>() {
                Ok(bits) if (0.0..=8.0).contains(&bits) => {
                    rule.entropy_min = Some((bits * 100.0) as u16);
                    return;
                }
                _ => "a number of bits from 0 to 8".to_owned(),
            },
            ("checksum", word) => match Checksum::NAMES.iter().find(|(name, _)| *name == word) {
                Some(&(_, checksum)) => {
                    rule.checksum = Some(checksum);
                    return;
                }
                None => Checksum::NAMES.map(|(name, _)| name).join(" or "),
            },
            ("case", _) => "ignore".to_owned(),
            ("random", _) => "true".to_owned(),
            ("default", _) => "on or off".to_owned(),
            _ => {
                self.wrong(Some(place), format!("unknown field {name:?}"), format!("it can have {FIELDS}"));
                return;
            }
        };
        self.wrong(Some(at), format!("\"{name}\" cannot be {value:?}"), format!("write {allowed}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_rules() {
        let rules = parse("a.yaml", "- id: a\n  regex: 'x(y)'\n  keywords: [one, two]\n  default: off\n- id: b\n  case: ignore\n").unwrap();
        assert_eq!((rules.len(), rules[0].id.as_str(), rules[0].on, rules[0].keywords.len()), (2, "a", false, 2));
        assert!(rules[1].on && rules[1].ignore_case);
        assert_eq!(rules[1].place, Some(Place { line: 5, column: 3 }));
        assert_eq!(parse("a.yaml", "").unwrap(), []);
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let all: Vec<String> = parse("a.yaml", text).expect_err("a mistake").iter().map(ToString::to_string).collect();
        assert!(all.iter().any(|m| m.contains(expected)), "{all:#?}");
    }

    #[test]
    fn mistakes_have_a_place_and_a_remedy() {
        check("- id: a\n  regexp: x\n", "a.yaml:2:3: rule \"a\": unknown field \"regexp\" (it can have id, ");
        check("- id: a\n  case: any\n", "a.yaml:2:9: rule \"a\": \"case\" cannot be \"any\" (write ignore)");
        check("- id: a\n  entropy: 9\n", "write a number of bits");
        check("- id: a\n  entropy: NaN\n", "write a number of bits");
        check("- id: a\n  checksum: md5\n", "write crc32-base62 or basic");
        check("- id: [a, b]\n", "\"id\" is a list");
        check("- id: a\n  id: b\n", "a.yaml:2:3: rule \"a\"");
        check("- id: a\n  with: {a: b}\n", "does not belong here");
        check("id: a\n", "a.yaml:1:1: does not belong here");
        check("- *a\n", "a.yaml:1:3: ");
        check("- [", "a.yaml:1:3: does not belong");
        check("- id: 'a\n", "this is not YAML");
        check(&"[".repeat(100_000), "this is not YAML");
        check(&"#".repeat(FILE_BYTES_MAX + 1), "larger than 1 MiB");
    }
}

//! YAML text → nodes with their places.
//!
//! Built on the events of saphyr-parser and not on saphyr's own loader, which recurses with the depth of the file (a
//! file of `[` ends the process), stops at the first repeated key and copies what an alias stands for. Here an alias
//! shares its node, and depth and size are limited while the events come in.

use std::collections::HashMap;
use std::rc::Rc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Tag};

use crate::mistake::{Document, Notes, Place, clean, quoted};

/// Lists and mappings inside each other, aliases included.
const DEPTH_MAX: usize = 32;
/// Values and keys in the file, aliases counted with all that they stand for.
const NODES_MAX: usize = 20_000;

/// A value and where it begins.
#[derive(Debug)]
pub struct Node {
    /// Where it begins; for an alias the place of what it stands for.
    pub place: Place,
    /// What it is.
    pub kind: Kind,
    size: usize,
    height: usize,
}

/// What a value is.
#[derive(Debug)]
pub enum Kind {
    /// Nothing was written, or `null`.
    Null,
    /// Without quotes: text, a number or a switch, as the reader expects.
    Plain(String),
    /// With quotes or as a block: text for sure.
    Quoted(String),
    /// A list.
    List(Vec<Rc<Node>>),
    /// A mapping, in the order of the file, each key once.
    Map(Vec<(Key, Rc<Node>)>),
}

/// A key of a mapping.
#[derive(Clone, Debug)]
pub struct Key {
    /// Where it begins.
    pub place: Place,
    /// The key.
    pub text: String,
}

/// The only document of a text; `None` when there is none (noted).
pub fn parse(text: &str, notes: &mut Notes) -> Option<Rc<Node>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // The scanner takes NUL for the end of the file; what follows would be passed over in silence.
    if let Some((at, c)) = text.char_indices().find(|(_, c)| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}')) {
        let place = Place::after(text.get(..at).unwrap_or_default());
        notes.mistake(place, format!("the control character U+{:04X} has no place in YAML", c as u32), "remove it");
        return None;
    }
    let mut builder = Builder::default();
    let mut parser = Parser::new_from_str(text);
    while let Some(next) = parser.next_event() {
        let step = match next {
            Ok((event, span)) => builder.event(event, place_of(span.start), notes),
            Err(e) => Err(syntax(&e)),
        };
        if let Err(Stop { place, what, remedy }) = step {
            notes.mistake(place, what, remedy);
            return None;
        }
    }
    if builder.root.is_none() {
        let Document { noun, needs } = notes.document();
        notes.mistake(Place { line: 1, column: 1 }, format!("{noun} is empty"), needs);
    }
    builder.root
}

/// A mistake after which the rest cannot be understood.
struct Stop {
    place: Place,
    what: String,
    remedy: &'static str,
}

impl Stop {
    fn new(place: Place, what: impl Into<String>, remedy: &'static str) -> Self {
        Self { place, what: what.into(), remedy }
    }
}

/// Columns of the parser count from 0.
fn place_of(marker: Marker) -> Place {
    Place { line: marker.line().max(1), column: marker.col() + 1 }
}

fn syntax(e: &ScanError) -> Stop {
    Stop::new(
        place_of(*e.marker()),
        format!("this is not YAML: {}", clean(e.info())),
        "look at indentation, quotes and brackets at and above this place",
    )
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    root: Option<Rc<Node>>,
    documents: usize,
    anchors: HashMap<usize, Rc<Node>>,
    nodes: usize,
}

/// A list or mapping whose end has not come.
struct Open {
    place: Place,
    anchor: usize,
    items: Items,
    size: usize,
    height: usize,
}

enum Items {
    List(Vec<Rc<Node>>),
    Map { entries: Vec<(Key, Rc<Node>)>, places: HashMap<String, Place>, key: Pending },
}

/// The key whose value comes next.
enum Pending {
    /// A key comes next.
    None,
    /// This key's value comes next.
    Key(Key),
    /// A value comes next that has no proper key (noted); it is dropped.
    Bad,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, place: Place, notes: &mut Notes) -> Result<(), Stop> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(Stop::new(place, "a second document begins here", "one file is one document: remove the line `---`"));
                }
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => {
                let is_text = tag_is_text(tag.as_deref(), place, notes);
                let node = Rc::new(Node { place, kind: scalar(&text, style, is_text), size: 1, height: 0 });
                self.take(node, place, anchor, notes)
            }
            Event::SequenceStart(anchor, tag) => {
                tag_is_text(tag.as_deref(), place, notes);
                self.open(place, anchor, Items::List(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                tag_is_text(tag.as_deref(), place, notes);
                self.open(place, anchor, Items::Map { entries: Vec::new(), places: HashMap::new(), key: Pending::None })
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(notes),
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    return Err(Stop::new(place, "this alias stands for a value that contains it", "write the value out"));
                };
                self.take(node, place, 0, notes)
            }
        }
    }

    fn open(&mut self, place: Place, anchor: usize, items: Items) -> Result<(), Stop> {
        if self.open.len() >= DEPTH_MAX {
            return Err(too_deep(place));
        }
        self.open.push(Open { place, anchor, items, size: 1, height: 0 });
        Ok(())
    }

    fn close(&mut self, notes: &mut Notes) -> Result<(), Stop> {
        let Some(Open { place, anchor, items, size, height }) = self.open.pop() else {
            return Ok(());
        };
        let kind = match items {
            Items::List(items) => Kind::List(items),
            Items::Map { entries, .. } => Kind::Map(entries),
        };
        // Its members were counted when they came; only the node itself is new.
        self.nodes = self.nodes.saturating_sub(size.saturating_sub(1));
        self.take(Rc::new(Node { place, kind, size, height: height + 1 }), place, anchor, notes)
    }

    /// A finished value goes where it belongs. `place`: where it was written, also when it is an alias.
    fn take(&mut self, node: Rc<Node>, place: Place, anchor: usize, notes: &mut Notes) -> Result<(), Stop> {
        self.nodes = self.nodes.saturating_add(node.size);
        if self.nodes > NODES_MAX {
            return Err(Stop::new(
                place,
                "the file has more than 20000 values, aliases written out",
                "use fewer aliases, or split the file",
            ));
        }
        if self.open.len() + node.height > DEPTH_MAX {
            return Err(too_deep(place));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        let Some(parent) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        parent.size = parent.size.saturating_add(node.size);
        parent.height = parent.height.max(node.height);
        match &mut parent.items {
            Items::List(items) => items.push(node),
            Items::Map { entries, places, key } => {
                *key = match std::mem::replace(key, Pending::None) {
                    Pending::None => key_of(&node, place, places, notes),
                    Pending::Key(key) => {
                        entries.push((key, node));
                        Pending::None
                    }
                    Pending::Bad => Pending::None,
                }
            }
        }
        Ok(())
    }
}

fn too_deep(place: Place) -> Stop {
    Stop::new(place, "lists and mappings are nested deeper than 32", "write it flatter")
}

fn scalar(text: &str, style: ScalarStyle, is_text: bool) -> Kind {
    match style {
        ScalarStyle::Plain if is_text => Kind::Quoted(text.to_owned()),
        ScalarStyle::Plain if matches!(text, "" | "~" | "null" | "Null" | "NULL") => Kind::Null,
        ScalarStyle::Plain => Kind::Plain(text.to_owned()),
        _ => Kind::Quoted(text.to_owned()),
    }
}

/// `!!str` makes text of anything; the other tags of YAML's core schema say what is seen anyway.
fn tag_is_text(tag: Option<&Tag>, place: Place, notes: &mut Notes) -> bool {
    let Some(tag) = tag else { return false };
    if !tag.is_yaml_core_schema() {
        notes.mistake(place, format!("unknown tag {}", quoted(&tag.to_string())), "remove the tag");
    }
    tag.is_yaml_core_schema() && tag.suffix == "str"
}

fn key_of(node: &Node, place: Place, places: &mut HashMap<String, Place>, notes: &mut Notes) -> Pending {
    let text = match &node.kind {
        Kind::Plain(text) | Kind::Quoted(text) => text.clone(),
        Kind::Null | Kind::List(_) | Kind::Map(_) => {
            notes.mistake(place, "a field's name must be text", "write `name: value`");
            return Pending::Bad;
        }
    };
    if let Some(first) = places.get(&text) {
        let what = format!("{} is here for the second time (first in line {})", quoted(&text), first.line);
        notes.mistake(place, what, "keep one of them");
        return Pending::Bad;
    }
    places.insert(text.clone(), place);
    Pending::Key(Key { place, text })
}

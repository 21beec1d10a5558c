//! JSON as we write it: members of an object that is open already.

/// Members, divided by commas.
pub(super) struct Text {
    text: String,
}

impl Text {
    pub(super) fn new() -> Self {
        Self { text: String::new() }
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    /// A member with a string.
    pub(super) fn string(&mut self, name: &str, value: &str) {
        self.name(name);
        self.quoted(value);
    }

    /// A member with a value that is JSON already.
    pub(super) fn raw(&mut self, name: &str, json: &str) {
        self.name(name);
        self.text.push_str(json);
    }

    /// A member with a list of strings.
    pub(super) fn strings(&mut self, name: &str, values: &[&str]) {
        self.name(name);
        self.text.push('[');
        for (i, value) in values.iter().enumerate() {
            if i > 0 {
                self.text.push(',');
            }
            self.quoted(value);
        }
        self.text.push(']');
    }

    /// A member with a string, or with a list of them where there are several or `list` asks for one.
    pub(super) fn one_or_list(&mut self, name: &str, values: &[&str], list: bool) {
        match values {
            [value] if !list => self.string(name, value),
            _ => self.strings(name, values),
        }
    }

    /// A member with an object; none where `members` adds nothing.
    pub(super) fn object(&mut self, name: &str, members: impl FnOnce(&mut Self)) {
        let mut inner = Self::new();
        members(&mut inner);
        if !inner.text.is_empty() {
            self.raw(name, &format!("{{{}}}", inner.text));
        }
    }

    /// A member with a list of objects, one for each of `items`.
    pub(super) fn list<T>(&mut self, name: &str, items: &[T], members: impl Fn(&mut Self, &T)) {
        let objects: Vec<String> = items
            .iter()
            .map(|item| {
                let mut inner = Self::new();
                members(&mut inner, item);
                format!("{{{}}}", inner.text)
            })
            .collect();
        self.raw(name, &format!("[{}]", objects.join(",")));
    }

    fn name(&mut self, name: &str) {
        if !self.text.is_empty() {
            self.text.push(',');
        }
        self.quoted(name);
        self.text.push(':');
    }

    /// A string as RFC 8259 §7 has it. All but printable ASCII is escaped, so that the text is safe in whatever encloses it.
    fn quoted(&mut self, value: &str) {
        self.text.push('"');
        for c in value.chars() {
            match c {
                '"' | '\\' => self.text.extend(['\\', c]),
                ' '..='~' => self.text.push(c),
                _ => {
                    let mut units = [0; 2];
                    for unit in c.encode_utf16(&mut units) {
                        self.text.push_str(&format!("\\u{unit:04x}"));
                    }
                }
            }
        }
        self.text.push('"');
    }
}

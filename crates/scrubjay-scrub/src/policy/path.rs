//! Paths of claims: dotted (`realm_access.roles`), JSON Pointers (`/https:~1~1example.org~1groups`), patterns (`address.*`).

/// Names one claim, or with a `*` at its end all that begin so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    /// `a.b`: a member `a.b`, or the member `b` of a member `a`.
    Dotted(String),
    /// As [`Path::Dotted`], any member whose dotted path begins so.
    Prefix(String),
    /// The steps of a JSON Pointer (RFC 6901); each is one member name.
    Pointer(Vec<String>),
}

/// What is left of a path at some depth.
#[derive(Clone, Copy)]
pub(crate) enum Rest<'a> {
    Dotted(&'a str),
    Prefix(&'a str),
    Pointer(&'a [String]),
}

/// What a path says of a member.
pub(crate) enum Step<'a> {
    /// It names this member.
    Here,
    /// It is a pattern that covers this member, with this many bytes given.
    Covers(usize),
    /// It names something inside.
    Inside(Rest<'a>),
}

impl Path {
    /// Reads a path. `Err`: why it is none.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        if let Some(pointer) = text.strip_prefix('/') {
            let steps = pointer.split('/').map(unescape).collect::<Option<Vec<_>>>();
            return steps.map(Self::Pointer).ok_or("\"~\" is written \"~0\" in a JSON Pointer, \"/\" as \"~1\" (RFC 6901)");
        }
        match text.split_once('*') {
            None if text.is_empty() => Err("a claim has a name"),
            None => Ok(Self::Dotted(text.to_owned())),
            Some((prefix, "")) => Ok(Self::Prefix(prefix.to_owned())),
            Some(_) => Err("\"*\" can stand at the end only"),
        }
    }

    pub(crate) fn rest(&self) -> Rest<'_> {
        match self {
            Self::Dotted(text) => Rest::Dotted(text),
            Self::Prefix(text) => Rest::Prefix(text),
            Self::Pointer(steps) => Rest::Pointer(steps),
        }
    }

    /// The member names that it means, for the question what another rule says of them.
    pub(crate) fn names(&self) -> Vec<&str> {
        match self {
            // The dots of a URL, and of a name such as `kubernetes.io`, are no levels; what is meant is decided by the token.
            Self::Dotted(text) if text.contains("://") => vec![text],
            Self::Dotted(text) | Self::Prefix(text) => text.split('.').collect(),
            Self::Pointer(steps) => steps.iter().map(String::as_str).collect(),
        }
    }

    /// True for a pattern.
    pub(crate) fn is_pattern(&self) -> bool {
        matches!(self, Self::Prefix(_))
    }
}

impl<'a> Rest<'a> {
    /// What the path says of the member `name`; `None`: nothing.
    pub(crate) fn step(self, name: &str) -> Option<Step<'a>> {
        let inside = |text: &'a str| text.strip_prefix(name)?.strip_prefix('.');
        match self {
            Rest::Dotted(text) if text == name => Some(Step::Here),
            Rest::Dotted(text) => inside(text).map(|rest| Step::Inside(Rest::Dotted(rest))),
            Rest::Prefix(text) if name.starts_with(text) => Some(Step::Covers(text.len())),
            Rest::Prefix(text) => inside(text).map(|rest| Step::Inside(Rest::Prefix(rest))),
            Rest::Pointer(steps) => match steps.split_first()? {
                (first, []) if first == name => Some(Step::Here),
                (first, rest) if first == name => Some(Step::Inside(Rest::Pointer(rest))),
                _ => None,
            },
        }
    }
}

fn unescape(step: &str) -> Option<String> {
    let mut out = String::with_capacity(step.len());
    let mut chars = step.chars();
    while let Some(c) = chars.next() {
        match c {
            '~' => match chars.next()? {
                '0' => out.push('~'),
                '1' => out.push('/'),
                _ => return None,
            },
            c => out.push(c),
        }
    }
    Some(out)
}

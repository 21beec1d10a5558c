//! Paths of claims: dotted (`realm_access.roles`), JSON Pointers (`/https:~1~1example.org~1groups`), patterns (`address.*`).

/// Dots of a path that are read both ways, as levels and as part of a name.
const DOTS_MAX: usize = 8;

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

    /// The member names that it may mean, for the question what another rule says of them; the likeliest first. The dots
    /// of a URL, and of a name such as `kubernetes.io`, are no levels: what is meant is decided by the token.
    pub(crate) fn readings(&self) -> Vec<Vec<&str>> {
        let text = match self {
            Self::Pointer(steps) => return vec![steps.iter().map(String::as_str).collect()],
            Self::Dotted(text) | Self::Prefix(text) => text.as_str(),
        };
        let dots: Vec<usize> = text.match_indices('.').map(|(at, _)| at).collect();
        let all = if matches!(self, Self::Dotted(text) if text.contains("://")) { 0 } else { (1_u32 << dots.len().min(DOTS_MAX)) - 1 };
        let count = 1_u32 << dots.len().min(DOTS_MAX);
        let cut = |which: u32| {
            let mut names = Vec::new();
            let mut from = 0;
            for (i, &dot) in dots.iter().enumerate() {
                // Dots beyond the limit are levels, as the first reading has it, or not, as in a URL.
                if which >> i.min(DOTS_MAX - 1) & 1 == 1 {
                    names.extend(text.get(from..dot));
                    from = dot + 1;
                }
            }
            names.extend(text.get(from..));
            names
        };
        std::iter::once(all).chain((0..count).filter(|&which| which != all)).map(cut).collect()
    }

    /// True when this is the name of the claim whose dotted path is `text`.
    pub(crate) fn is_name(&self, text: &str) -> bool {
        match self {
            Self::Dotted(name) => name == text,
            Self::Prefix(_) => false,
            Self::Pointer(steps) => steps.join(".") == text,
        }
    }

    /// True for `*`, which says something of claims that nobody thought of.
    pub(crate) fn is_catch_all(&self) -> bool {
        matches!(self, Self::Prefix(text) if text.is_empty())
    }

    /// True for a pattern.
    pub(crate) fn is_pattern(&self) -> bool {
        matches!(self, Self::Prefix(_))
    }
}

impl<'a> Rest<'a> {
    /// The first letter of a member's name of which the path says something. `None`: it may have any.
    pub(crate) fn first(self) -> Option<u8> {
        match self {
            Self::Dotted(text) | Self::Prefix(text) => text.bytes().next(),
            Self::Pointer(_) => None,
        }
    }

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

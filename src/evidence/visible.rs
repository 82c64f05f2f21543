//! Which parts of an HTML text a reader does not see.
//!
//! In: tags in their order. Out: whether what stands here is hidden.
//! Standards: HTML (elements that are never rendered, end tags that may be left out), CSS 2.1 (`display`, `visibility`).
//! Trust: hostile; a spammer hides links to innocent sites, and would hide from us what his victims see.
//! Limits: styles are read where they stand in the tag; colours, sizes and sheets are not.

/// Elements whose text is never shown.
const UNSHOWN: [&[u8]; 4] = [b"style", b"script", b"title", b"template"];

/// Elements without an end.
const VOID: [&[u8]; 9] = [
    b"area", b"base", b"br", b"col", b"hr", b"img", b"input", b"link", b"meta",
];

/// Elements that end by themselves where another one begins that they cannot hold.
const SHORT: [&[u8]; 10] = [
    b"p", b"li", b"td", b"th", b"tr", b"tbody", b"thead", b"dd", b"dt", b"option",
];

/// Elements that stand in a line of text, and end none of those.
const INLINE: [&[u8]; 11] = [
    b"a", b"b", b"br", b"em", b"font", b"i", b"img", b"small", b"span", b"strong", b"u",
];

/// The hidden element that is open, if one is.
#[derive(Debug, Default)]
pub(super) struct Hidden {
    /// Its name, and how many of that name are open in it.
    open: Option<(Vec<u8>, usize)>,
}

impl Hidden {
    /// Returns whether what stands here is hidden.
    pub(super) fn is_hidden(&self) -> bool {
        self.open.is_some()
    }

    /// Takes a start tag.
    pub(super) fn opens(&mut self, name: &[u8], attribute: &impl Fn(&[u8]) -> Option<Vec<u8>>) {
        if let Some((open, _)) = &self.open
            && SHORT.contains(&open.as_slice())
            && !INLINE.contains(&name)
        {
            self.open = None;
        }
        match &mut self.open {
            Some((open, depth)) => *depth += usize::from(open == name),
            None => {
                let hides = UNSHOWN.contains(&name) || self.hides(attribute);
                self.open = (hides && !VOID.contains(&name)).then(|| (name.to_vec(), 1));
            }
        }
    }

    /// Takes an end tag.
    pub(super) fn closes(&mut self, name: &[u8]) {
        if let Some((open, depth)) = &mut self.open
            && open == name
        {
            *depth -= 1;
            if *depth == 0 {
                self.open = None;
            }
        }
    }

    /// Returns whether an element hides itself.
    pub(super) fn hides(&self, attribute: &impl Fn(&[u8]) -> Option<Vec<u8>>) -> bool {
        if attribute(b"hidden").is_some() {
            return true;
        }
        let mut style = attribute(b"style").unwrap_or_default();
        style.retain(|octet| !octet.is_ascii_whitespace());
        style.make_ascii_lowercase();
        let holds = |needle: &[u8]| memchr::memmem::find(&style, needle).is_some();
        // CSS 2.1 §9.2.4, §11.2: nothing within can be seen.
        holds(b"display:none")
            || holds(b"visibility:hidden")
            || holds(b"max-height:0") && holds(b"overflow:hidden")
    }
}

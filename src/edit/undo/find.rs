//! Finds inserted texts in a file as it is now.

use super::Insertion;

/// The offset and the length of an inserted text. Blank lines around it may be gone, and the
/// last line of a file may have no end.
pub(super) fn find_lines(text: &str, insertion: &Insertion) -> Option<(usize, usize)> {
    if let Some(at) = find(text, insertion) {
        return Some((at, insertion.inserted.len()));
    }
    let inserted = insertion.inserted.as_str();
    let core = inserted.trim_matches(['\r', '\n']);
    if core.is_empty() || !inserted.ends_with('\n') {
        return None;
    }
    let newline = if inserted.contains("\r\n") {
        "\r\n"
    } else {
        "\n"
    };
    let line = Insertion {
        after: "\n".to_owned(),
        inserted: format!("{core}{newline}"),
        ..Insertion::default()
    };
    if let Some(at) = find(text, &line).filter(|_| line.inserted != inserted) {
        return Some((at, line.inserted.len()));
    }
    // The last line: the end of the line above goes with it.
    let at = text.strip_suffix(core)?.len();
    let start = text[..at].strip_suffix(newline)?.len();
    Some((start, text.len() - start))
}

/// An insertion in its own line endings, and in both conventions.
pub(super) fn in_all_endings(insertion: &Insertion) -> [Insertion; 3] {
    let unix = |text: &str| text.replace("\r\n", "\n");
    let windows = |text: &str| unix(text).replace('\n', "\r\n");
    let converted = |convert: &dyn Fn(&str) -> String| Insertion {
        after: convert(&insertion.after),
        replaced: convert(&insertion.replaced),
        inserted: convert(&insertion.inserted),
        among: insertion.among,
    };
    [insertion.clone(), converted(&unix), converted(&windows)]
}

/// The offset of an inserted text; `None` if it is not there, or cannot be told from others.
pub(super) fn find(text: &str, insertion: &Insertion) -> Option<usize> {
    let places = places(text, insertion);
    match (places.as_slice(), insertion.among) {
        ([only], None) => Some(*only),
        (places, Some(among)) if places.len() == among.count => places.get(among.index).copied(),
        _ => None,
    }
}

/// The offsets at which an inserted text may have been inserted: those behind the same line, if
/// there is any.
pub(super) fn places(text: &str, insertion: &Insertion) -> Vec<usize> {
    let Insertion {
        after, inserted, ..
    } = insertion;
    if inserted.is_empty() {
        return Vec::new();
    }
    let is_at_line_start = after.is_empty() || after.ends_with('\n');
    // A text is not found inside of a longer word.
    let is_word = |character: Option<char>| {
        character.is_some_and(|character| character.is_alphanumeric() || character == '_')
    };
    let cuts_word = |at: usize| {
        let end = at + inserted.len();
        let (first, last) = (inserted.chars().next(), inserted.chars().next_back());
        (is_word(first) && is_word(text[..at].chars().next_back()))
            || (is_word(last) && is_word(text[end..].chars().next()))
    };
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text
        .get(from..)
        .and_then(|rest| rest.find(inserted.as_str()))
    {
        let at = from + at;
        let is_line = at == 0 || text[..at].ends_with('\n');
        if (is_line || !is_at_line_start) && !cuts_word(at) {
            found.push(at);
        }
        from = at + inserted.chars().next().map_or(1, char::len_utf8);
    }
    let is_behind = |at: &usize| match after.as_str() {
        "" => *at == 0,
        after => text[..*at].ends_with(after),
    };
    if !is_at_line_start {
        // In the middle of a line, the beginning of the line tells where it is.
        let line = after.rsplit('\n').next().unwrap_or(after);
        found.retain(|at| text[..*at].ends_with(line));
    }
    if found.iter().any(is_behind) {
        found.retain(is_behind);
    }
    found
}

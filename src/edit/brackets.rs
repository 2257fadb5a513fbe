//! Edits lists in brackets, in any of the languages.

use std::ops::Range;

use super::{Splices, leading_space};

/// Append an item to a bracketed list whose comments begin with `#`: a flow sequence or
/// mapping of YAML, a list or tuple of Python, an array of TOML.
///
/// `open` is the offset after the opening bracket, `close` that of the closing one and
/// `items` the ranges of the items. An empty list on one line becomes `[item]`; if each item
/// is on its own line, so is the new one.
///
/// Before and after: `[a, b]` and `[a, b, item]`; `[\n  a, # x\n]` and
/// `[\n  a, # x\n  item,\n]`.
pub(super) fn append_to_brackets(
    splices: &mut Splices<'_>,
    open: usize,
    close: usize,
    items: &[Range<usize>],
    new_items: &[String],
) {
    let text = splices.text;
    let Some(last) = items.last() else {
        if text[open..close].contains('\n') {
            let line = text[..close].rfind('\n').map_or(0, |at| at + 1);
            let outer = leading_space(&text[line..]);
            let lines: String = new_items
                .iter()
                .map(|item| format!("{outer}    {item},\n"))
                .collect();
            splices.insert(line, &lines);
        } else {
            splices.insert(close, &new_items.join(", "));
        }
        return;
    };
    let comma = find_comma(text, last.end, close);
    let last_line = text[..last.start].rfind('\n').map_or(0, |at| at + 1);
    let has_own_line = last_line > open && text[last_line..last.start].trim().is_empty();
    if !has_own_line {
        match comma {
            Some(comma) => splices.insert(comma + 1, &format!(" {}", new_items.join(", "))),
            None => splices.insert(last.end, &format!(", {}", new_items.join(", "))),
        }
        return;
    }
    let indent = leading_space(&text[last_line..]);
    let behind = comma.map_or(last.end, |comma| comma + 1);
    if comma.is_none() {
        splices.insert(last.end, ",");
    }
    let end_of_line = text[behind..close].find('\n').map(|at| behind + at);
    let trailing = if comma.is_some() { "," } else { "" };
    let lines = new_items.join(&format!(",\n{indent}"));
    match end_of_line {
        // In a CRLF file, insert before the carriage return.
        Some(at) => {
            let at = if text[..at].ends_with('\r') {
                at - 1
            } else {
                at
            };
            splices.insert(at, &format!("\n{indent}{lines}{trailing}"));
        }
        None => splices.insert(behind, &format!("\n{indent}{lines}{trailing}")),
    }
}

/// Remove items from a bracketed list: the inverse of [`append_to_brackets`].
///
/// A comment on the line of an item stays. If no item is left, and nothing else, the list
/// becomes empty brackets.
pub(super) fn remove_from_brackets(
    splices: &mut Splices<'_>,
    open: usize,
    close: usize,
    items: &[Range<usize>],
    is_old: impl Fn(&Range<usize>) -> bool,
) {
    let text = splices.text;
    let comma_after = |index: usize| {
        let next = items.get(index + 1).map_or(close, |next| next.start);
        find_comma(text, items[index].end, next)
    };
    // A tuple of one item needs its comma.
    let left = items.iter().filter(|range| !is_old(range)).count();
    let is_single = left == 1 && text[..open].ends_with('(');
    let mut removed: Vec<Range<usize>> = Vec::new();
    let mut index = 0;
    while index < items.len() {
        let first = index;
        while index < items.len() && is_old(&items[index]) {
            index += 1;
        }
        if first == index {
            index += 1;
            continue;
        }
        // The items from `first` up to `index` are removed.
        let last = index - 1;
        let behind = comma_after(last).map_or(items[last].end, |comma| comma + 1);
        let line = text[..items[first].start]
            .rfind('\n')
            .map_or(0, |at| at + 1);
        let line_end = text[behind..close].find('\n').map(|at| behind + at);
        let is_alone = line > open && text[line..items[first].start].trim().is_empty();
        removed.push(match line_end {
            // They have their lines for themselves.
            Some(end) if is_alone && text[behind..end].trim().is_empty() => line..end + 1,
            Some(_) if is_alone => {
                items[first].start..behind + leading_space(&text[behind..]).len()
            }
            _ if index < items.len() => items[first].start..items[index].start,
            _ => {
                text[..items[first].start]
                    .trim_end_matches([' ', '\t'])
                    .len()..behind
            }
        });
        // The comma that was added before the last item.
        if index == items.len() && first > 0 && comma_after(last).is_none() && !is_single {
            let range = removed.last_mut();
            match (comma_after(first - 1), range) {
                (Some(comma), Some(range)) if range.start == comma + 1 => range.start = comma,
                (Some(comma), _) => removed.push(comma..comma + 1),
                (None, _) => {}
            }
        }
    }
    if !removed.is_empty() && left == 0 {
        let mut rest = String::new();
        let mut done = open;
        for range in &removed {
            rest.push_str(&text[done..range.start]);
            done = range.end;
        }
        rest.push_str(&text[done..close]);
        // Nothing but the line ends that were added to an empty list on one line.
        if rest.trim().is_empty() && rest.trim_matches([' ', '\t']).lines().count() < 2 {
            splices.replace(open..close, rest.trim_matches(['\r', '\n']));
            return;
        }
    }
    for range in removed {
        splices.replace(range, "");
    }
}

/// The first comma between two offsets that is not in a comment.
fn find_comma(text: &str, from: usize, to: usize) -> Option<usize> {
    let mut in_comment = false;
    for (index, character) in text[from..to].char_indices() {
        match character {
            '#' => in_comment = true,
            '\n' => in_comment = false,
            ',' if !in_comment => return Some(from + index),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn append(text: &str, items: &[&str], new: &[&str]) -> String {
        let open = text.find('[').unwrap() + 1;
        let close = text.rfind(']').unwrap();
        let ranges: Vec<_> = items
            .iter()
            .map(|item| {
                let start = text.find(item).unwrap();
                start..start + item.len()
            })
            .collect();
        let new: Vec<String> = new.iter().map(|item| (*item).to_owned()).collect();
        let mut splices = Splices::new(text);
        append_to_brackets(&mut splices, open, close, &ranges, &new);
        splices.apply()
    }

    #[test]
    fn appends_in_the_style_of_the_list() {
        assert_eq!(append("[]", &[], &["x"]), "[x]");
        assert_eq!(
            append("[aa, bb]", &["aa", "bb"], &["x", "y"]),
            "[aa, bb, x, y]"
        );
        assert_eq!(append("[aa, ]", &["aa"], &["x"]), "[aa, x ]");
        assert_eq!(append("[\n  aa\n]", &["aa"], &["x"]), "[\n  aa,\n  x\n]");
        assert_eq!(
            append("[\n  aa, # ,\n]", &["aa"], &["x"]),
            "[\n  aa, # ,\n  x,\n]"
        );
        assert_eq!(
            append("[\n  aa # ,\n]", &["aa"], &["x"]),
            "[\n  aa, # ,\n  x\n]"
        );
        assert_eq!(append("[\n  aa]", &["aa"], &["x"]), "[\n  aa,\n  x]");
        assert_eq!(
            append("[\n  aa, bb]", &["aa", "bb"], &["x"]),
            "[\n  aa, bb, x]"
        );
        assert_eq!(append("[\n]", &[], &["x"]), "[\n    x,\n]");
        assert_eq!(
            append("[\r\n  aa,\r\n]", &["aa"], &["x"]),
            "[\r\n  aa,\r\n  x,\r\n]"
        );
    }
}

//! Shows text from files and names without what terminals and editors interpret.

use std::fmt::Write as _;

/// Whether a character controls a terminal, or changes how the text around it is shown: control
/// characters besides the tab and the end of a line, line separators, and invisible format
/// characters, among them those that reverse the direction (Unicode Standard Annex #9).
#[must_use]
pub fn is_unsafe(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => true,
        other => other.is_control(),
    }
}

/// A text with unsafe characters written as escapes, such as `\u{1b}`.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_unsafe(character) {
            let _ = write!(shown, "{}", character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// A JSON document with unsafe characters as escapes of JSON, which mean the same.
#[must_use]
pub fn plain_json(document: &str) -> String {
    let mut shown = String::with_capacity(document.len());
    for character in document.chars() {
        if is_unsafe(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(character);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unsafe_characters_are_escaped() {
        let text = "a\tb\nGröße 日本 \u{1b}[31m\r\u{9b}\u{202e}\u{e0041}";
        let expected = "a\tb\nGröße 日本 \\u{1b}[31m\\u{d}\\u{9b}\\u{202e}\\u{e0041}";
        assert_eq!(plain(text), expected);
        let json = serde_json::to_string(text).unwrap();
        let shown = plain_json(&json);
        assert!(!shown.chars().any(is_unsafe), "{shown}");
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
    }
}

//! Names as words: kebab, snake and Pascal case.

fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

pub(super) fn described(character: char) -> String {
    match character {
        ' ' => "a space".to_owned(),
        c if c.is_control() => format!("the control character {c:?}"),
        '`' => "a backtick".to_owned(),
        c => format!("`{c}`"),
    }
}

/// Split a name into words, or return the reason why it cannot become a Python name.
pub(crate) fn checked_words(text: &str) -> Result<Vec<String>, String> {
    if let Some(character) = text.chars().find(|c| !is_name_character(*c)) {
        return Err(format!(
            "it contains {}; only ASCII letters, digits, `-` and `_` are allowed",
            described(character)
        ));
    }
    match text.chars().next() {
        None => return Err("it is empty".to_owned()),
        Some(first) if !first.is_ascii_alphabetic() => {
            return Err(format!("it starts with `{first}` instead of a letter"));
        }
        Some(_) => {}
    }
    if text.split(['-', '_']).any(str::is_empty) {
        return Err("only a single `-` or `_` is allowed between words".to_owned());
    }
    Ok(words_of(text))
}

/// Split a name in kebab, snake or Pascal case into lower-case words.
fn words_of(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for part in text.split(['-', '_']) {
        let characters: Vec<char> = part.chars().collect();
        let mut word = String::new();
        for (index, &character) in characters.iter().enumerate() {
            let after_lower = index > 0 && !characters[index - 1].is_ascii_uppercase();
            let before_lower = characters
                .get(index + 1)
                .is_some_and(char::is_ascii_lowercase);
            // `orderV2` begins a word at `V`, and `HTTPServer` at `S`.
            if character.is_ascii_uppercase() && index > 0 && (after_lower || before_lower) {
                words.push(std::mem::take(&mut word));
            }
            word.push(character.to_ascii_lowercase());
        }
        words.push(word);
    }
    words
}

pub(crate) fn capitalised(word: &str) -> String {
    let mut characters = word.chars();
    match characters.next() {
        Some(first) => first.to_ascii_uppercase().to_string() + characters.as_str(),
        None => String::new(),
    }
}

/// Convert the letters and digits of a text to kebab case; may return an empty text.
pub(crate) fn kebab(text: &str) -> String {
    // Omitting non-ASCII letters would produce a different word.
    if text.chars().any(|c| c.is_alphabetic() && !c.is_ascii()) {
        return String::new();
    }
    let words: Vec<String> = text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .flat_map(words_of)
        .collect();
    words
        .join("-")
        .trim_start_matches(|c: char| !c.is_ascii_alphabetic())
        .to_owned()
}

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

/// The words of a name that becomes one in Python, or the reason why it cannot.
pub(crate) fn checked_words(text: &str) -> Result<Vec<String>, String> {
    if let Some(character) = text.chars().find(|c| !is_name_character(*c)) {
        return Err(format!(
            "it holds {}, and only ASCII letters, digits, `-` and `_` may be in it",
            described(character)
        ));
    }
    match text.chars().next() {
        None => return Err("it is empty".to_owned()),
        Some(first) if !first.is_ascii_alphabetic() => {
            return Err(format!("it starts with `{first}` and not with a letter"));
        }
        Some(_) => {}
    }
    if text.split(['-', '_']).any(str::is_empty) {
        return Err("`-` and `_` are allowed between two words, one at a time".to_owned());
    }
    Ok(words_of(text))
}

/// The words of a name in kebab, snake or Pascal case, in lower case.
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

/// The letters and digits of a text as a name in kebab case; may be empty.
pub(crate) fn kebab(text: &str) -> String {
    // Leaving letters out would make another word.
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

//! Formats generated code with ruff's own formatter and the project's settings.
//!
//! Templates may contain code in any layout; it is formatted once, after rendering.

use ruff_formatter::{IndentStyle, IndentWidth, LineWidth};
use ruff_python_formatter::{
    MagicTrailingComma, PyFormatOptions, QuoteStyle, format_module_source,
};
use toml_edit::{Document, Item};

/// A project's Python style: the options that the formatter supports.
///
/// The defaults are those of ruff and Black: 88 columns, 4 spaces, double quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Style {
    line_width: LineWidth,
    indent_width: IndentWidth,
    indentation: IndentStyle,
    quotes: QuoteStyle,
}

impl Default for Style {
    fn default() -> Self {
        let options = PyFormatOptions::default();
        Self {
            line_width: LineWidth::try_from(88).unwrap_or_default(),
            indent_width: IndentWidth::try_from(4).unwrap_or_default(),
            indentation: IndentStyle::Space,
            quotes: options.quote_style(),
        }
    }
}

/// A file that may contain formatter settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingsFile {
    /// `ruff.toml` or `.ruff.toml`: settings at the top level.
    Ruff,
    /// `pyproject.toml`: settings in `[tool.ruff]` or `[tool.black]`.
    Pyproject,
}

/// The settings files of a folder in the order in which ruff looks for them
/// (ruff documentation, "Configuring Ruff", "Config file discovery").
pub const SETTINGS_FILES: [(&str, SettingsFile); 3] = [
    (".ruff.toml", SettingsFile::Ruff),
    ("ruff.toml", SettingsFile::Ruff),
    ("pyproject.toml", SettingsFile::Pyproject),
];

impl Style {
    /// Read the style from a settings file; `None` if it has no formatter settings, so that
    /// the parent folders apply. Values that ruff would reject are ignored: an invalid style
    /// is no reason to refuse a project.
    #[must_use]
    pub fn from_settings(text: &str, file: SettingsFile) -> Option<Self> {
        // Most files have no such settings, and parsing is the most expensive part.
        let may_have = file == SettingsFile::Ruff
            || ["tool.ruff", "tool.black", "[tool]", "tool ="]
                .iter()
                .any(|word| text.contains(word));
        if !may_have {
            return None;
        }
        let document = Document::parse(text).ok()?;
        let root = document.as_item();
        let tool = |name: &str| root.get("tool").and_then(|tool| tool.get(name));
        match file {
            SettingsFile::Ruff => Some(Self::from_ruff(root)),
            SettingsFile::Pyproject => tool("ruff")
                .map(Self::from_ruff)
                .or_else(|| tool("black").map(Self::from_black)),
        }
    }

    fn from_ruff(settings: &Item) -> Self {
        let mut style = Self::default();
        style.set_line_width(settings.get("line-length"));
        if let Some(width) = number::<u8>(settings.get("indent-width")) {
            style.indent_width = IndentWidth::try_from(width).unwrap_or(style.indent_width);
        }
        let format = |key: &str| settings.get("format")?.get(key)?.as_str();
        style.quotes = match format("quote-style") {
            Some("single") => QuoteStyle::Single,
            // `preserve` keeps the double quotes of generated code.
            _ => QuoteStyle::Double,
        };
        if format("indent-style") == Some("tab") {
            style.indentation = IndentStyle::Tab;
        }
        style
    }

    fn from_black(settings: &Item) -> Self {
        let mut style = Self::default();
        style.set_line_width(settings.get("line-length"));
        style
    }

    fn set_line_width(&mut self, value: Option<&Item>) {
        let width = number::<u16>(value).and_then(|width| LineWidth::try_from(width).ok());
        self.line_width = width.unwrap_or(self.line_width);
    }

    /// The largest width of a line, in characters.
    #[must_use]
    pub fn line_length(&self) -> usize {
        usize::from(self.line_width.value())
    }

    /// The indentation of one level.
    #[must_use]
    pub fn indent(&self) -> String {
        match self.indentation {
            IndentStyle::Tab => "\t".to_owned(),
            IndentStyle::Space => " ".repeat(self.indent_width.value() as usize),
        }
    }

    /// Format code, regardless of its current layout.
    ///
    /// # Panics
    ///
    /// If the code is not valid Python, which is a bug in a template.
    #[must_use]
    pub fn layout(&self, code: &str) -> String {
        let options = PyFormatOptions::default()
            .with_line_width(self.line_width)
            .with_indent_width(self.indent_width)
            .with_indent_style(self.indentation)
            .with_quote_style(self.quotes)
            .with_magic_trailing_comma(MagicTrailingComma::Ignore);
        match format_module_source(code, options) {
            Ok(printed) => printed.into_code(),
            Err(error) => panic!("generated code is not valid Python: {error}\n{code}"),
        }
    }

    /// Format template code that already has the default layout. It is returned unchanged if
    /// the project uses the default style and no line is too long.
    #[must_use]
    pub fn layout_static(&self, code: String) -> String {
        let is_wide = |line: &str| line.chars().count() > usize::from(self.line_width.value());
        if *self == Self::default() && !code.lines().any(is_wide) {
            return code;
        }
        self.layout(&code)
    }
}

fn number<T: TryFrom<i64>>(item: Option<&Item>) -> Option<T> {
    T::try_from(item?.as_integer()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "def f(first: str,) -> str:\n  return g(\"a\",\n    'b')\n";

    fn laid_out(file: SettingsFile, settings: &str) -> String {
        Style::from_settings(settings, file).map_or_else(String::new, |style| style.layout(CODE))
    }

    #[test]
    fn the_layout_follows_the_settings() {
        let default = "def f(first: str) -> str:\n    return g(\"a\", \"b\")\n";
        let ruff = |settings: &str| laid_out(SettingsFile::Ruff, settings);
        let pyproject = |settings: &str| laid_out(SettingsFile::Pyproject, settings);
        assert_eq!(Style::default().layout(CODE), default);
        assert_eq!(ruff(""), default);
        assert_eq!(pyproject("[project]\nname = \"x\"\n"), "");
        assert_eq!(pyproject("[tool.ruff.lint]\nselect = []\n"), default);
        assert_eq!(
            ruff("[format]\nquote-style = \"single\"\nindent-style = \"tab\"\n"),
            "def f(first: str) -> str:\n\treturn g('a', 'b')\n"
        );
        assert_eq!(
            pyproject("[tool.ruff]\nline-length = 20\nindent-width = 2\n"),
            "def f(\n  first: str,\n) -> str:\n  return g(\"a\", \"b\")\n"
        );
        assert_eq!(
            pyproject("tool = { black = { line-length = 20 } }\n"),
            "def f(\n    first: str,\n) -> str:\n    return g(\n        \"a\", \"b\"\n    )\n"
        );
        // Values that ruff rejects.
        assert_eq!(ruff("line-length = 9000\n"), default);
        assert_eq!(ruff("line-length = \"wide\"\n"), default);
    }

    #[test]
    fn code_that_is_right_is_not_laid_out_again() {
        let code = "x = f(\n    1,\n)\n".to_owned();
        assert_eq!(Style::default().layout_static(code.clone()), code);
        let narrow = Style::from_settings("line-length = 60\n", SettingsFile::Ruff).unwrap();
        assert_eq!(narrow.layout_static(code), "x = f(1)\n");
    }
}

//! Copies methods of a class to the end of the same class in another module.

use ruff_python_ast::{Stmt, StmtClassDef};
use ruff_text_size::Ranged;

use super::{Module, cannot_edit, defined_name, line_start, source, start_of};
use crate::edit::{EditError, Edited, Position, Splices, keeps_every_byte};
use crate::python::Style;

impl Module {
    /// Add methods of a class of another module to the end of the class of the same name, with
    /// the imports that they need.
    ///
    /// ```text
    /// class Activities:              class Activities:
    ///     def reserve(self): ...  →      def reserve(self): ...
    ///
    ///                                    def charge(self): ...
    /// ```
    ///
    /// # Errors
    ///
    /// [`EditError::Shape`] if the class is missing or has another method of one of the names,
    /// or if the result is not what was asked for.
    pub fn add_methods(
        &self,
        from: &Self,
        class: &str,
        wanted: &dyn Fn(&str) -> bool,
        local_modules: &[String],
        style: &Style,
    ) -> Result<Edited, EditError> {
        let (Some(own), Some(other)) = (self.class(class), from.class(class)) else {
            let message = format!("it has no class `{class}`");
            let by_hand = from.text.trim().to_owned();
            return Err(EditError::shape(message, None, by_hand));
        };
        let mut added = String::new();
        let mut names = Vec::new();
        for method in &other.body {
            let Some(name) = defined_name(method).filter(|name| wanted(name)) else {
                continue;
            };
            let start = start_of(method);
            let end = method.range().end().to_usize();
            let text = &from.text[start..end];
            let with_indent = &from.text[line_start(&from.text, start)..end];
            let mut mine = own.body.iter();
            match mine.rfind(|mine| defined_name(mine) == Some(name)) {
                Some(mine) if self.text[start_of(mine)..mine.range().end().to_usize()] == *text => {
                }
                Some(mine) => {
                    return Err(EditError::shape(
                        format!("`{class}` has another `{name}`"),
                        Some(Position::of(&self.text, mine.range().start().to_usize())),
                        with_indent.to_owned(),
                    ));
                }
                None => {
                    added.push_str(&format!("\n{with_indent}\n"));
                    names.push(name);
                }
            }
        }
        if names.is_empty() {
            return Ok(Edited::Unchanged);
        }
        let mut splices = Splices::new(&self.text);
        self.add_missing_imports(&mut splices, from, &added, local_modules, style);
        splices.insert_lines_after(own.range().end().to_usize(), &added);
        let after = splices.apply();
        let is_right = Self::parse(after.as_str()).is_ok_and(|now| {
            let Some(now_class) = now.class(class) else {
                return false;
            };
            let kept = |(old, new): (&Stmt, &Stmt)| {
                source(&self.text, old.range()) == source(&after, new.range())
            };
            let is_other = |statement: &&Stmt| {
                !matches!(statement, Stmt::ImportFrom(_) | Stmt::Import(_))
                    && !matches!(statement, Stmt::ClassDef(c) if c.name.as_str() == class)
            };
            let others = self.syntax.body.iter().filter(is_other);
            own.body.iter().zip(&now_class.body).all(kept)
                && now_class.body.len() == own.body.len() + names.len()
                && others
                    .zip(now.syntax.body.iter().filter(is_other))
                    .all(kept)
        });
        if is_right && keeps_every_byte(&self.text, &after) {
            return Ok(Edited::Changed(after));
        }
        Err(cannot_edit(added.trim_start().to_owned()))
    }

    /// The class of a name.
    fn class(&self, name: &str) -> Option<&StmtClassDef> {
        self.classes().rfind(|class| class.name.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: &str = "from decimal import Decimal\n\nfrom .models import Bill, Order\n\n\n\
        class Steps:\n    def a(self) -> int:\n        return 1\n\n    @defn\n    \
        def b(self, input: Bill) -> Decimal:\n        return Decimal(2)\n";

    fn add(text: &str) -> Result<Edited, EditError> {
        let from = Module::parse(FROM)?;
        let module = Module::parse(text)?;
        module.add_methods(&from, "Steps", &|name| name == "b", &[], &Style::default())
    }

    fn changed(text: &str) -> String {
        match add(text) {
            Ok(Edited::Changed(after)) => after,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_method_is_added_to_the_end_of_the_class() {
        let before = "from .models import Order\n\n\nclass Steps:\n    def a(self):\n        \
                      return 1  # mine\n\n    # The last comment.\n\n\nother = Steps\n";
        let after = changed(before);
        assert_eq!(
            after,
            "from decimal import Decimal\n\nfrom .models import Bill, Order\n\n\nclass Steps:\n    \
             def a(self):\n        return 1  # mine\n\n    @defn\n    \
             def b(self, input: Bill) -> Decimal:\n        return Decimal(2)\n\n    \
             # The last comment.\n\n\nother = Steps\n"
        );
        // Twice is once.
        assert!(matches!(add(&after), Ok(Edited::Unchanged)));
        let crlf = changed(&before.replace('\n', "\r\n"));
        assert_eq!(crlf.replace("\r\n", "\n"), after);
        assert!(!crlf.replace("\r\n", "").contains('\n'));
        // Without a final line break.
        assert!(changed("class Steps:\n    a = 1").ends_with("        return Decimal(2)"));
    }

    #[test]
    fn what_cannot_be_added_is_refused() {
        for text in [
            "class Other:\n    pass\n",
            "class Steps:\n    def b(self):\n        return 1\n",
            "class Steps: pass\n",
            "class Steps:\n\tdef a(self):\n\t\treturn 1\n",
        ] {
            assert!(add(text).is_err(), "{text}");
        }
    }
}

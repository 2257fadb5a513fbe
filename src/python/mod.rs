//! What is specific to Python: names, types, imports and the layout of generated code.

mod field;
mod format;
mod imports;
mod member;
mod name;
mod values;

pub use field::Field;
pub use format::{SETTINGS_FILES, SettingsFile, Style};
pub use imports::{import_order, sort_names};
pub use member::{MemberName, Message, Signal};
pub(crate) use name::is_module_name;
pub use name::{MAX_NAME, WorkflowName, distinct};
pub(crate) use values::{Given, annotation, default_field, initial, mentions, sample};

//! The modules of a service with their functions and classes.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use ruff_python_ast::visitor::{Visitor, walk_stmt};
use ruff_python_ast::{Expr, Stmt, StmtClassDef, StmtFunctionDef};
use ruff_text_size::{Ranged, TextSize};

use super::calls::is_known_library;
use super::scope::Scope;
use super::value::Value;
pub(super) use super::value::{ClassId, FunctionId, ModuleId};
use crate::edit::python::{Module, dotted};
use crate::name::RelPath;

/// A module.
pub(super) struct ModuleInfo<'a> {
    /// Its file.
    pub(super) path: &'a RelPath,
    /// Its dotted name, from the folder that its imports start at.
    pub(super) name: String,
    /// The text and syntax.
    pub(super) module: &'a Module,
    /// The names at its top level.
    pub(super) scope: Scope<'a>,
}

impl ModuleInfo<'_> {
    /// The dotted name of the package that relative imports of this module start in.
    pub(super) fn package(&self) -> &str {
        if self.is_package() {
            return &self.name;
        }
        self.name
            .rsplit_once('.')
            .map_or("", |(package, _)| package)
    }

    pub(super) fn is_package(&self) -> bool {
        self.path.file_name() == "__init__.py"
    }
}

/// The names that a script in a package may mean by an absolute import: from its own folder
/// outwards. None for the name of a known library, which a local module does not replace.
pub(super) fn script_names<'n>(
    name: &'n str,
    package: &'n str,
) -> impl Iterator<Item = String> + use<'n> {
    let outwards = std::iter::successors(Some(package), |package| {
        package.rsplit_once('.').map(|(above, _)| above)
    });
    outwards
        .filter(|package| !package.is_empty() && !is_known_library(name))
        .map(move |package| format!("{package}.{name}"))
}

/// A function at the top level of a module, or a method of a class there.
pub(super) struct FunctionInfo<'a> {
    pub(super) module: ModuleId,
    pub(super) class: Option<ClassId>,
    pub(super) def: &'a StmtFunctionDef,
}

/// A class at the top level of a module.
pub(super) struct ClassInfo<'a> {
    pub(super) module: ModuleId,
    pub(super) def: &'a StmtClassDef,
    /// The methods by name; of several with one name, the first that is no `@overload`.
    pub(super) methods: BTreeMap<&'a str, FunctionId>,
    /// The attributes by name, each with the places that give it a value.
    pub(super) attributes: HashMap<&'a str, Vec<Attribute<'a>>>,
}

/// A place that gives an attribute of a class or its instances a type or value.
#[derive(Clone, Copy)]
pub(super) struct Attribute<'a> {
    pub(super) annotation: Option<&'a Expr>,
    pub(super) value: Option<&'a Expr>,
    /// The method that assigns it; `None` for the body of the class.
    pub(super) method: Option<FunctionId>,
}

/// What has been found out about classes and functions. While it is being found out, an entry is
/// empty: code can refer to itself.
#[derive(Default)]
pub(super) struct Cache {
    pub(super) bases: RefCell<HashMap<ClassId, Rc<[Value]>>>,
    pub(super) decorators: RefCell<HashMap<FunctionId, Rc<[String]>>>,
    pub(super) attributes: RefCell<HashMap<(ClassId, String), Value>>,
    /// The activities by name.
    pub(super) activities: OnceCell<HashMap<String, Vec<FunctionId>>>,
}

/// The code of a service, or of the part of it that workflows use.
#[derive(Default)]
pub(super) struct Index<'a> {
    pub(super) modules: Vec<ModuleInfo<'a>>,
    pub(super) functions: Vec<FunctionInfo<'a>>,
    pub(super) classes: Vec<ClassInfo<'a>>,
    pub(super) by_name: HashMap<String, ModuleId>,
    pub(super) known: Cache,
    function_at: HashMap<(ModuleId, TextSize), FunctionId>,
    class_at: HashMap<(ModuleId, TextSize), ClassId>,
}

impl<'a> Index<'a> {
    /// Add a module. Of two with one name, the first counts.
    pub(super) fn add(&mut self, path: &'a RelPath, name: String, module: &'a Module) {
        let id = self.modules.len();
        let body = &module.syntax().body;
        self.by_name.entry(name.clone()).or_insert(id);
        self.modules.push(ModuleInfo {
            path,
            name,
            module,
            scope: Scope::of_body(body),
        });
        AddDefinitions { index: self, id }.visit_body(body);
    }

    /// The module of a dotted name, as a module imports it: from the root, or from its folder
    /// or one above it, as a script does.
    pub(super) fn module_named(&self, name: &str, from: ModuleId) -> Option<ModuleId> {
        if let Some(id) = self.by_name.get(name) {
            return Some(*id);
        }
        let package = self.modules[from].package();
        script_names(name, package).find_map(|name| self.by_name.get(&name).copied())
    }

    /// A function of its module, or a method; `None` for one within a function.
    pub(super) fn function_of(
        &self,
        module: ModuleId,
        def: &StmtFunctionDef,
    ) -> Option<FunctionId> {
        self.function_at.get(&(module, def.start())).copied()
    }

    /// A class of its module; `None` for one within a function or a class.
    pub(super) fn class_of(&self, module: ModuleId, def: &StmtClassDef) -> Option<ClassId> {
        self.class_at.get(&(module, def.start())).copied()
    }

    /// Whether a class of the service has a method of this name that is not its own business,
    /// such as `get` or `append` of a list.
    pub(super) fn has_method(&self, name: &str) -> bool {
        const COMMON: [&str; 16] = [
            "add", "append", "clear", "close", "copy", "extend", "format", "get", "items", "join",
            "keys", "pop", "read", "split", "update", "values",
        ];
        !COMMON.contains(&name)
            && !name.starts_with("__")
            && self
                .classes
                .iter()
                .any(|class| class.methods.contains_key(name))
    }

    /// The name of a function with that of its class.
    pub(super) fn name_of(&self, function: FunctionId) -> String {
        let info = &self.functions[function];
        match info.class {
            Some(class) => format!("{}.{}", self.classes[class].def.name, info.def.name),
            None => info.def.name.to_string(),
        }
    }
}

/// Adds functions and classes, also those in `if` and `try`.
struct AddDefinitions<'i, 'a> {
    index: &'i mut Index<'a>,
    id: ModuleId,
}

impl<'a> AddDefinitions<'_, 'a> {
    fn add_function(&mut self, def: &'a StmtFunctionDef, class: Option<ClassId>) -> FunctionId {
        let function = self.index.functions.len();
        self.index
            .function_at
            .insert((self.id, def.start()), function);
        self.index.functions.push(FunctionInfo {
            module: self.id,
            class,
            def,
        });
        function
    }
}

impl<'a> Visitor<'a> for AddDefinitions<'_, 'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(def) => {
                self.add_function(def, None);
            }
            Stmt::ClassDef(def) => {
                let class = self.index.classes.len();
                self.index.class_at.insert((self.id, def.start()), class);
                self.index.classes.push(ClassInfo {
                    module: self.id,
                    def,
                    methods: BTreeMap::new(),
                    attributes: HashMap::new(),
                });
                let mut methods = BTreeMap::new();
                let mut attributes = Attributes::default();
                for statement in &def.body {
                    if let Stmt::FunctionDef(method) = statement {
                        let function = self.add_function(method, Some(class));
                        // A property and its setter have one name; the first one reads it.
                        let first = *methods.entry(method.name.as_str()).or_insert(function);
                        if is_overload(self.index.functions[first].def) {
                            methods.insert(&method.name, function);
                        }
                        let parameters = method.parameters.iter_non_variadic_params();
                        let receiver = parameters.map(|p| p.parameter.name.as_str()).next();
                        attributes.receiver = receiver.map(|name| (name, function));
                        attributes.visit_body(&method.body);
                    } else {
                        attributes.receiver = None;
                        attributes.visit_stmt(statement);
                    }
                }
                let info = &mut self.index.classes[class];
                info.methods = methods;
                info.attributes = attributes.found;
            }
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, _: &'a Expr) {}
}

/// Whether a definition only declares types: another one follows.
pub(super) fn is_overload(def: &StmtFunctionDef) -> bool {
    def.decorator_list.iter().any(|decorator| {
        dotted(&decorator.expression)
            .is_some_and(|name| name.rsplit('.').next() == Some("overload"))
    })
}

/// Collects the attributes that the body of a class and its methods assign.
#[derive(Default)]
struct Attributes<'a> {
    found: HashMap<&'a str, Vec<Attribute<'a>>>,
    /// The name of the first parameter, and the method; `None` in the body of the class.
    receiver: Option<(&'a str, FunctionId)>,
}

impl<'a> Attributes<'a> {
    /// What a loop, a context or an unpacked value is assigned to: the value is not known.
    fn add_targets(&mut self, target: &'a Expr) {
        match target {
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(|item| self.add_targets(item)),
            Expr::List(list) => list.elts.iter().for_each(|item| self.add_targets(item)),
            Expr::Starred(starred) => self.add_targets(&starred.value),
            target => self.add(target, None, None),
        }
    }

    fn add(&mut self, target: &'a Expr, annotation: Option<&'a Expr>, value: Option<&'a Expr>) {
        let name = match (target, self.receiver) {
            (Expr::Name(name), None) => name.id.as_str(),
            (Expr::Attribute(attribute), Some((receiver, _))) => match &*attribute.value {
                Expr::Name(name) if name.id.as_str() == receiver => attribute.attr.as_str(),
                _ => return,
            },
            _ => return,
        };
        self.found.entry(name).or_default().push(Attribute {
            annotation,
            value,
            method: self.receiver.map(|(_, method)| method),
        });
    }
}

impl<'a> Visitor<'a> for Attributes<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
            Stmt::Assign(assign) => {
                for target in &assign.targets {
                    match target {
                        Expr::Tuple(_) | Expr::List(_) => self.add_targets(target),
                        target => self.add(target, None, Some(&assign.value)),
                    }
                }
            }
            Stmt::For(block) => {
                self.add_targets(&block.target);
                walk_stmt(self, statement);
            }
            Stmt::With(block) => {
                for item in &block.items {
                    if let Some(target) = &item.optional_vars {
                        self.add_targets(target);
                    }
                }
                walk_stmt(self, statement);
            }
            Stmt::AnnAssign(assign) => {
                let value = assign.value.as_deref();
                self.add(&assign.target, Some(&assign.annotation), value);
            }
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, _: &'a Expr) {}
}

//! What types look like as JSON, read out of the source: structs and enums with their serde attributes, and the enumerations
//! that [`stored_enum!`](majlis_local) makes. A type that is not found is any JSON.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::{fs, iter};

use serde_json::{Map, Value, json};
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Expr, Fields, GenericArgument, Item, ItemEnum, ItemFn, ItemStruct, Lit, Meta, PathArguments, Token, Type, UseTree,
};

/// The parsed source of one file, by the module's name (`entities::status`).
struct Module {
    name: String,
    items: Vec<Item>,
}

/// Everything that was read.
pub(crate) struct Types {
    modules: Vec<Module>,
    /// The enumerations of `stored_enum!`, with their words.
    words: HashMap<String, Vec<String>>,
    /// Types that the document names, with what they look like once they were looked up.
    pub(super) named: BTreeMap<String, Value>,
}

/// What a serde attribute says that matters here.
#[derive(Default)]
struct Serde {
    rename: Option<String>,
    rename_all: Option<String>,
    tag: Option<String>,
    skipped: bool,
    may_be_missing: bool,
    flatten: bool,
    untagged: bool,
    transparent: bool,
    by_function: bool,
}

/// Whether a type is read from a request or written into an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    In,
    Out,
}

impl Types {
    /// Reads every source file below these directories; each directory's modules are called `prefix` and their path.
    pub(super) fn read(directories: &[(&str, PathBuf)]) -> Self {
        let mut types = Self { modules: Vec::new(), words: HashMap::new(), named: BTreeMap::new() };
        for (prefix, directory) in directories {
            types.read_directory(prefix, directory, directory);
        }
        types
    }

    fn read_directory(&mut self, prefix: &str, root: &Path, directory: &Path) {
        let mut paths: Vec<PathBuf> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                self.read_directory(prefix, root, &path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let name = path.strip_prefix(root).unwrap().with_extension("");
                let name = name.iter().map(|part| part.to_str().unwrap()).collect::<Vec<_>>().join("::");
                self.read_words(&text);
                let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                self.modules.push(Module { name: format!("{prefix}{name}"), items: file.items });
            }
        }
    }

    /// The words of `stored_enum! { Name { Variant = 0 "word", … } }`.
    fn read_words(&mut self, text: &str) {
        for block in text.split("stored_enum! {").skip(1) {
            let block = block.split("\n}").next().unwrap();
            let lines = || block.lines().map(str::trim).filter(|line| !line.starts_with("//") && !line.starts_with('#'));
            let Some(name) = lines().find_map(|line| line.strip_suffix(" {")) else { continue };
            let words = lines().filter_map(|line| line.split('"').nth(1)).map(str::to_owned).collect();
            self.words.insert(name.to_owned(), words);
        }
    }

    /// The function of this name in a module (`lists`, `notifications::policy`), or in one of the files below it.
    pub(super) fn function(&self, module: &str, name: &str) -> &ItemFn {
        let below = format!("{module}::");
        let homes =
            self.modules.iter().filter(|m| m.name == module).chain(self.modules.iter().filter(|m| m.name.starts_with(&below)));
        homes
            .flat_map(|m| &m.items)
            .find_map(|item| match item {
                Item::Fn(function) if function.sig.ident == name => Some(function),
                _ => None,
            })
            .unwrap_or_else(|| panic!("there is no {module}::{name}"))
    }

    /// What a value of this type looks like, as a JSON Schema; `module` is where the type is written.
    pub(super) fn schema(&mut self, module: &str, ty: &Type, way: Way) -> Value {
        match ty {
            Type::Reference(reference) => self.schema(module, &reference.elem, way),
            Type::Array(array) => json!({ "type": "array", "items": self.schema(module, &array.elem, way) }),
            Type::Slice(slice) => json!({ "type": "array", "items": self.schema(module, &slice.elem, way) }),
            Type::Tuple(tuple) if tuple.elems.is_empty() => json!({ "type": "null" }),
            Type::Path(path) => {
                let last = path.path.segments.last().unwrap();
                let arguments = match &last.arguments {
                    PathArguments::AngleBracketed(list) => list
                        .args
                        .iter()
                        .filter_map(|argument| if let GenericArgument::Type(ty) = argument { Some(ty) } else { None })
                        .collect(),
                    _ => Vec::new(),
                };
                self.named_schema(module, &last.ident.to_string(), &arguments, way)
            }
            _ => json!({}),
        }
    }

    fn named_schema(&mut self, module: &str, name: &str, arguments: &[&Type], way: Way) -> Value {
        match (name, arguments) {
            ("String" | "str" | "Cow", _) => json!({ "type": "string" }),
            ("bool", _) => json!({ "type": "boolean" }),
            ("i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "usize" | "isize", _) => json!({ "type": "integer" }),
            ("f32" | "f64", _) => json!({ "type": "number" }),
            ("Timestamp", _) => json!({ "type": "string", "format": "date-time" }),
            ("NaiveDate", _) => json!({ "type": "string", "format": "date" }),
            ("Upload", _) => json!({ "type": "string", "format": "binary" }),
            ("Value" | "RawValue", _) => json!({}),
            ("Clearable", [inner]) => nullable(self.schema(module, inner, way)),
            ("Option", [inner]) if way == Way::In => self.schema(module, inner, way),
            ("Option", [inner]) => nullable(self.schema(module, inner, way)),
            ("Vec" | "VecDeque" | "HashSet" | "BTreeSet", [inner]) => {
                json!({ "type": "array", "items": self.schema(module, inner, way) })
            }
            ("Either", [one, other]) => {
                json!({ "anyOf": [self.schema(module, one, way), self.schema(module, other, way)] })
            }
            ("Arc" | "Box" | "Json" | "Public" | "Rc", [inner]) => self.schema(module, inner, way),
            ("HashMap" | "BTreeMap", [_, value]) => {
                json!({ "type": "object", "additionalProperties": self.schema(module, value, way) })
            }
            _ if self.words.contains_key(name) => json!({ "type": "string", "enum": self.words[name] }),
            _ if name.len() > 2 && name.ends_with("Id") && self.find(module, name).is_none() => {
                json!({ "type": "string", "pattern": "^[0-9]+$" })
            }
            _ => self.item_schema(module, name, way),
        }
    }

    /// Where a type of this name is written: here, above, among the entities, anywhere.
    fn find(&self, module: &str, name: &str) -> Option<(String, Item)> {
        let is_it = |item: &&Item| match item {
            Item::Struct(item) => item.ident == name,
            Item::Enum(item) => item.ident == name,
            Item::Type(item) => item.ident == name,
            _ => false,
        };
        let imported = self.imported(module, name);
        let rank = |other: &str| {
            if other == module || imported.as_deref() == Some(other) {
                0
            } else if other.starts_with(&format!("{module}::")) || module.starts_with(&format!("{other}::")) {
                1
            } else if other.starts_with("entities") {
                2
            } else {
                3
            }
        };
        let mut found: Vec<(&Module, &Item)> =
            self.modules.iter().flat_map(|m| m.items.iter().filter(is_it).map(move |item| (m, item))).collect();
        found.sort_by_key(|(m, _)| rank(&m.name));
        found.first().map(|(m, item)| (m.name.clone(), (*item).clone()))
    }

    /// From which module of the crate below a module imports this name.
    fn imported(&self, module: &str, name: &str) -> Option<String> {
        let items = self.modules.iter().filter(|m| m.name == module).flat_map(|m| &m.items);
        items.filter_map(|item| if let Item::Use(item) = item { Some(&item.tree) } else { None }).find_map(|tree| {
            let path = path_to(tree, name)?;
            Some(format!("local::{}", path.strip_prefix("majlis_local::")?))
        })
    }

    fn item_schema(&mut self, module: &str, name: &str, way: Way) -> Value {
        let Some((home, item)) = self.find(module, name) else { return json!({}) };
        if way == Way::In {
            return self.item(&home, &item, way);
        }
        // Answers name their entities, so that each stands in the document once; two of one name are told apart.
        let mut key = name.to_owned();
        if self.modules.iter().filter(|m| m.items.iter().any(|item| names(item, name))).count() > 1
            && !home.starts_with("entities")
        {
            key = format!("{}.{name}", home.replace("::", "."));
        }
        if !self.named.contains_key(&key) {
            self.named.insert(key.clone(), json!({}));
            let schema = self.item(&home, &item, way);
            self.named.insert(key.clone(), schema);
        }
        json!({ "$ref": format!("#/components/schemas/{key}") })
    }

    fn item(&mut self, home: &str, item: &Item, way: Way) -> Value {
        match item {
            Item::Struct(item) => self.structure(home, item, way),
            Item::Enum(item) => self.enumeration(home, item, way),
            Item::Type(item) => self.schema(home, &item.ty, way),
            _ => json!({}),
        }
    }

    fn structure(&mut self, home: &str, item: &ItemStruct, way: Way) -> Value {
        let serde = Serde::of(&item.attrs);
        if let Fields::Unnamed(fields) = &item.fields {
            return if fields.unnamed.len() == 1 { self.schema(home, &fields.unnamed[0].ty, way) } else { json!({}) };
        }
        if serde.transparent {
            return item.fields.iter().next().map_or_else(|| json!({}), |field| self.schema(home, &field.ty, way));
        }
        let mut schema = self.fields(home, &item.fields, serde.rename_all.as_deref(), way);
        if let Some(text) = documentation(&item.attrs) {
            schema["description"] = json!(text);
        }
        schema
    }

    /// An object with these properties.
    fn fields(&mut self, home: &str, fields: &Fields, rename_all: Option<&str>, way: Way) -> Value {
        let (mut properties, mut required, mut parts) = (Map::new(), Vec::new(), Vec::new());
        for field in fields {
            let serde = Serde::of(&field.attrs);
            if serde.skipped {
                continue;
            }
            let mut schema = if serde.by_function && way == Way::Out { json!({}) } else { self.schema(home, &field.ty, way) };
            if serde.flatten {
                if way == Way::Out && is_option(&field.ty) {
                    // What may be missing as a whole: all of its attributes, of which none has to be there.
                    properties.extend(self.attributes(&schema));
                } else {
                    parts.push(schema);
                }
                continue;
            }
            if let Some(text) = documentation(&field.attrs).filter(|_| schema.get("$ref").is_none()) {
                schema["description"] = json!(text);
            }
            let name = field.ident.as_ref().unwrap().to_string();
            let name = serde.rename.unwrap_or_else(|| cased(name.trim_start_matches("r#"), rename_all));
            let optional = serde.may_be_missing || (way == Way::In && is_option(&field.ty));
            if !optional {
                required.push(name.clone());
            }
            properties.insert(name, schema);
        }
        // What is flattened is written out in requests, and referred to in answers.
        let mut own = json!({ "type": "object", "properties": properties });
        for part in std::mem::take(&mut parts) {
            match part.get("properties").and_then(Value::as_object) {
                Some(inner) if part.get("$ref").is_none() => {
                    own["properties"].as_object_mut().unwrap().extend(inner.clone());
                    required
                        .extend(part["required"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
                }
                _ => parts.push(part),
            }
        }
        if !required.is_empty() {
            own["required"] = json!(required);
        }
        if parts.is_empty() { own } else { json!({ "allOf": parts.into_iter().chain(iter::once(own)).collect::<Vec<_>>() }) }
    }

    /// The properties of a schema that may be a reference, or `null` instead.
    fn attributes(&self, schema: &Value) -> Map<String, Value> {
        let schema = schema.get("anyOf").map_or(schema, |ways| &ways[0]);
        let named = schema["$ref"].as_str().and_then(|path| self.named.get(path.rsplit('/').next()?));
        named.unwrap_or(schema)["properties"].as_object().cloned().unwrap_or_default()
    }

    fn enumeration(&mut self, home: &str, item: &ItemEnum, way: Way) -> Value {
        let serde = Serde::of(&item.attrs);
        let name = |attrs: &[Attribute], ident: &str| {
            let own = Serde::of(attrs);
            own.rename.unwrap_or_else(|| cased_variant(ident, serde.rename_all.as_deref()))
        };
        if item.variants.iter().all(|variant| variant.fields.is_empty()) {
            let words: Vec<String> = item.variants.iter().map(|v| name(&v.attrs, &v.ident.to_string())).collect();
            return json!({ "type": "string", "enum": words });
        }
        let mut forms = Vec::new();
        for variant in &item.variants {
            let word = name(&variant.attrs, &variant.ident.to_string());
            let mut form = match &variant.fields {
                Fields::Unnamed(fields) if fields.unnamed.len() == 1 => self.schema(home, &fields.unnamed[0].ty, way),
                Fields::Unnamed(_) => json!({}),
                fields => self.fields(home, fields, None, way),
            };
            if let Some(tag) = &serde.tag {
                form = json!({ "allOf": [form, { "type": "object", "properties": { tag.clone(): { "const": word } }, "required": [tag] }] });
            } else if !serde.untagged {
                form = json!({ "type": "object", "properties": { word.clone(): form }, "required": [word] });
            }
            forms.push(form);
        }
        json!({ "anyOf": forms })
    }
}

impl Serde {
    fn of(attrs: &[Attribute]) -> Self {
        let mut serde = Self::default();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident("serde")) {
            let metas = attr.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).unwrap();
            for meta in &metas {
                let word = meta.path().get_ident().map(ToString::to_string).unwrap_or_default();
                match (word.as_str(), text(meta)) {
                    ("rename", Some(name)) => serde.rename = Some(name),
                    ("rename_all", Some(style)) => serde.rename_all = Some(style),
                    ("tag", Some(name)) => serde.tag = Some(name),
                    ("skip" | "skip_serializing" | "skip_deserializing", _) => serde.skipped = true,
                    ("default" | "skip_serializing_if", _) => serde.may_be_missing = true,
                    ("flatten", _) => serde.flatten = true,
                    ("untagged", _) => serde.untagged = true,
                    ("transparent", _) => serde.transparent = true,
                    ("with" | "serialize_with" | "deserialize_with", _) => serde.by_function = true,
                    _ => {}
                }
            }
        }
        serde
    }
}

/// The text of `name = "text"`.
fn text(meta: &Meta) -> Option<String> {
    match meta {
        Meta::NameValue(pair) => match &pair.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

/// The doc comment, its first paragraph.
pub(super) fn documentation(attrs: &[Attribute]) -> Option<String> {
    let lines: Vec<String> = attrs
        .iter()
        .filter(|attr| attr.path().is_ident("doc"))
        .filter_map(|attr| text(&attr.meta))
        .map(|line| line.trim().to_owned())
        .take_while(|line| !line.is_empty())
        .collect();
    (!lines.is_empty()).then(|| lines.join(" "))
}

/// The path before this name in what is imported: `majlis_local::quotes` of `use majlis_local::quotes::{self, Approval}`.
fn path_to(tree: &UseTree, name: &str) -> Option<String> {
    match tree {
        UseTree::Path(path) => {
            let rest = path_to(&path.tree, name)?;
            Some(if rest.is_empty() { path.ident.to_string() } else { format!("{}::{rest}", path.ident) })
        }
        UseTree::Name(found) => (found.ident == name).then(String::new),
        UseTree::Group(group) => group.items.iter().find_map(|tree| path_to(tree, name)),
        UseTree::Rename(_) | UseTree::Glob(_) => None,
    }
}

fn names(item: &Item, name: &str) -> bool {
    match item {
        Item::Struct(item) => item.ident == name,
        Item::Enum(item) => item.ident == name,
        _ => false,
    }
}

fn is_option(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|segment| segment.ident == "Option"))
}

/// The same, or `null`.
fn nullable(schema: Value) -> Value {
    match schema.get("type") {
        Some(Value::String(kind)) if schema.get("enum").is_none() => {
            let mut schema = schema.clone();
            schema["type"] = json!([kind, "null"]);
            schema
        }
        _ if schema == json!({}) => schema,
        _ => json!({ "anyOf": [schema, { "type": "null" }] }),
    }
}

fn cased(name: &str, style: Option<&str>) -> String {
    match style {
        Some("camelCase") => {
            let mut upper = false;
            let letters = name.chars().filter_map(|letter| {
                if letter == '_' {
                    upper = true;
                    return None;
                }
                Some(if std::mem::take(&mut upper) { letter.to_ascii_uppercase() } else { letter })
            });
            letters.collect()
        }
        Some("kebab-case") => name.replace('_', "-"),
        _ => name.to_owned(),
    }
}

fn cased_variant(name: &str, style: Option<&str>) -> String {
    let separator = match style {
        Some("snake_case") => '_',
        Some("kebab-case") => '-',
        Some("lowercase") => return name.to_lowercase(),
        _ => return name.to_owned(),
    };
    let mut word = String::new();
    for (position, letter) in name.chars().enumerate() {
        if letter.is_uppercase() && position > 0 {
            word.push(separator);
        }
        word.extend(letter.to_lowercase());
    }
    word
}

//! The folders of `src` form a chain: each uses only those after it. The order is written once, in the front page of the crate
//! (src/lib.rs); this test reads it there, and every `use` line and every path of the sources.
//!
//! What is under `#[cfg(test)]` is left out: a unit test may look wherever it likes. Folders at one place of the chain are
//! written with a comma between them, and use neither each other nor what is before them. A file beside lib.rs counts as a folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A module's path from the crate's root, without `crate`.
type Module = Vec<String>;

/// A token of Rust and the line it stands in.
#[derive(Clone)]
struct Token {
    text: String,
    line: usize,
}

/// A path that some module uses, as it is written there.
struct Use {
    module: Module,
    path: Vec<String>,
    line: usize,
    /// `use x::*`
    glob: bool,
    /// The name under which a `use` line brings the path into its module; none for a path within an expression or type.
    name: Option<String>,
    /// `pub use`: the module shows the path to others, and needs it for nothing else.
    shown: bool,
}

/// What the sources say: modules, their items, and the paths they use.
#[derive(Default)]
struct Sources {
    /// The file of each module, of modules within files, too.
    modules: BTreeMap<Module, String>,
    items: BTreeMap<Module, BTreeSet<String>>,
    uses: Vec<Use>,
    /// Files that exist for tests only.
    tests: BTreeSet<String>,
}

/// One file uses another, or, with an empty `to`, what the crate's root shows to callers.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Edge {
    from: String,
    to: String,
    line: usize,
    path: String,
}

impl std::fmt::Display for Edge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let to = if self.to.is_empty() {
            "what lib.rs shows to callers"
        } else {
            &self.to
        };
        write!(
            f,
            "src/{}:{} uses {to} (`{}`)",
            self.from, self.line, self.path
        )
    }
}

/// The tokens of a text, without comments, strings, characters and lifetimes.
fn tokens(text: &str) -> Vec<Token> {
    let text: Vec<char> = text.chars().collect();
    let at = |i: usize| text.get(i).copied().unwrap_or('\0');
    let mut found = Vec::new();
    let (mut i, mut line) = (0, 1);
    while i < text.len() {
        let start = i;
        let word = |mut i: usize| {
            while at(i).is_alphanumeric() || at(i) == '_' {
                i += 1;
            }
            i
        };
        // How many `#` stand at the start of a raw string, if one starts here.
        let raw = |i: usize| {
            let hashes = (i + 1..).take_while(|&i| at(i) == '#').count();
            (at(i) == 'r' && at(i + 1 + hashes) == '"').then_some(hashes)
        };
        if at(i) == '/' && at(i + 1) == '/' {
            while i < text.len() && at(i) != '\n' {
                i += 1;
            }
        } else if at(i) == '/' && at(i + 1) == '*' {
            let mut depth = 0;
            while i < text.len() {
                if at(i) == '/' && at(i + 1) == '*' {
                    depth += 1;
                    i += 2;
                } else if at(i) == '*' && at(i + 1) == '/' {
                    depth -= 1;
                    i += 2;
                    if depth == 0 {
                        break;
                    }
                } else {
                    i += 1;
                }
            }
        } else if let Some(hashes) =
            raw(i).or_else(|| raw(i + 1).filter(|_| matches!(at(i), 'b' | 'c')))
        {
            i += (i..).take_while(|&i| at(i) != '"').count() + 1;
            while i < text.len() && !(at(i) == '"' && (1..=hashes).all(|h| at(i + h) == '#')) {
                i += 1;
            }
            i += 1 + hashes;
        } else if at(i) == '"' {
            i += 1;
            while i < text.len() && at(i) != '"' {
                i += if at(i) == '\\' { 2 } else { 1 };
            }
            i += 1;
        } else if at(i) == '\'' && at(i + 1) == '\\' {
            i += 3;
            while i < text.len() && at(i) != '\'' {
                i += 1;
            }
            i += 1;
        } else if at(i) == '\'' && at(i + 2) == '\'' {
            i += 3;
        } else if at(i) == '\'' {
            i = word(i + 1);
        } else {
            i = match at(i) {
                c if c.is_alphanumeric() || c == '_' => word(i),
                ':' if at(i + 1) == ':' => i + 2,
                _ => i + 1,
            };
            if !at(start).is_whitespace() {
                let text = text[start..i].iter().collect();
                found.push(Token { text, line });
            }
        }
        line += text[start..i.min(text.len())]
            .iter()
            .filter(|&&c| c == '\n')
            .count();
    }
    found
}

/// Where the bracket that opens at `i` closes.
fn closing(tokens: &[Token], i: usize) -> usize {
    let mut depth = 0;
    for (j, token) in tokens.iter().enumerate().skip(i) {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return j;
        }
    }
    panic!("line {}: a bracket is not closed", tokens[i].line)
}

/// Where what an attribute at `i` belongs to ends: the first token after it.
fn after_item(tokens: &[Token], mut i: usize) -> usize {
    while tokens[i].text == "#" {
        i = closing(tokens, i + 1) + 1;
    }
    if tokens[i].text == "pub" && tokens[i + 1].text == "(" {
        i = closing(tokens, i + 1);
    } else if tokens[i].text != "pub" {
        i = i.wrapping_sub(1);
    }
    let kind = tokens[i.wrapping_add(1)].text.clone();
    let block = [
        "fn",
        "mod",
        "impl",
        "struct",
        "enum",
        "trait",
        "unsafe",
        "extern",
        "macro_rules",
    ]
    .contains(&kind.as_str());
    let whole = ["use", "const", "static", "type", "let"].contains(&kind.as_str());
    i = i.wrapping_add(1);
    loop {
        match tokens[i].text.as_str() {
            "{" | "(" | "[" => {
                let braces = tokens[i].text == "{";
                i = closing(tokens, i);
                if braces && !whole {
                    return i + 1;
                }
            }
            ";" => return i + 1,
            "," if !block && !whole => return i + 1,
            // A field, or what a block ends with.
            "}" => return i,
            _ => {}
        }
        i += 1;
    }
}

impl Sources {
    /// The sources under `files` (name within src, text), from lib.rs on.
    fn read(files: &BTreeMap<String, String>) -> Self {
        let mut sources = Sources::default();
        sources.read_file(files, "lib.rs", Vec::new(), false);
        for file in files.keys() {
            let known = sources.tests.contains(file)
                || sources.modules.values().any(|module| module == file);
            assert!(known, "src/{file} is declared nowhere");
        }
        sources
    }

    /// Reads the file of `module`, and all files that it declares.
    fn read_file(
        &mut self,
        files: &BTreeMap<String, String>,
        file: &str,
        module: Module,
        test: bool,
    ) {
        if test {
            self.tests.insert(file.to_string());
        } else {
            self.modules.insert(module.clone(), file.to_string());
        }
        let tokens = tokens(&files[file]);
        let mut declared = Vec::new();
        self.read_tokens(&tokens, file, &module, test, &mut declared);
        for (child, test) in declared {
            let folder = child.join("/");
            let found = [format!("{folder}.rs"), format!("{folder}/mod.rs")]
                .into_iter()
                .find(|file| files.contains_key(file));
            match found {
                Some(found) => self.read_file(files, &found, child, test),
                None => assert!(test, "src/{file} declares {folder}, which is not there"),
            }
        }
    }

    /// Reads what is written in `module`; `declared` becomes the modules that have files of their own, and whether these are
    /// for tests only.
    fn read_tokens(
        &mut self,
        tokens: &[Token],
        file: &str,
        module: &Module,
        test: bool,
        declared: &mut Vec<(Module, bool)>,
    ) {
        let text = |i: usize| {
            tokens
                .get(i)
                .map_or("", |token: &Token| token.text.as_str())
        };
        let is_word = |i: usize| {
            text(i)
                .chars()
                .next()
                .is_some_and(|c| c.is_alphabetic() || c == '_')
        };
        let child = |name: &str| [module.as_slice(), &[name.to_string()]].concat();
        let (mut i, mut depth, mut shown) = (0, 0, false);
        while i < tokens.len() {
            let next = match text(i) {
                "#" => {
                    let open = i + 1 + usize::from(text(i + 1) == "!");
                    let close = closing(tokens, open);
                    let inside: Vec<&str> = (open..close).map(text).collect();
                    if inside.get(1) == Some(&"cfg")
                        && inside.contains(&"test")
                        && !inside.contains(&"not")
                    {
                        let end = after_item(tokens, close + 1);
                        if text(end - 1) == ";" && text(end - 3) == "mod" {
                            declared.push((child(text(end - 2)), true));
                        }
                        end
                    } else {
                        close + 1
                    }
                }
                "pub" => {
                    i = if text(i + 1) == "(" {
                        closing(tokens, i + 1) + 1
                    } else {
                        i + 1
                    };
                    shown = true;
                    continue;
                }
                "mod" if is_word(i + 1) && text(i + 2) == ";" => {
                    declared.push((child(text(i + 1)), test));
                    i + 3
                }
                "mod" if text(i + 2) == "{" || (text(i + 1) == "$" && text(i + 3) == "{") => {
                    let name = i + 1 + usize::from(text(i + 1) == "$");
                    let close = closing(tokens, name + 1);
                    let inner = child(text(name));
                    if !test {
                        self.modules.insert(inner.clone(), file.to_string());
                    }
                    self.read_tokens(&tokens[name + 2..close], file, &inner, test, declared);
                    close + 1
                }
                "use" if text(i + 1) != "<" => {
                    let end = (i..)
                        .find(|&i| text(i) == ";")
                        .expect("`use` ends with a semicolon");
                    if !test {
                        self.read_use(&tokens[i + 1..end], module, &[], shown);
                    }
                    end + 1
                }
                "fn" | "struct" | "enum" | "trait" | "const" | "static" | "type"
                | "macro_rules"
                    if depth == 0 =>
                {
                    let name = i + 1 + usize::from(text(i + 1) == "!");
                    self.items
                        .entry(module.clone())
                        .or_default()
                        .insert(text(name).to_string());
                    i + 1
                }
                "{" => {
                    depth += 1;
                    i + 1
                }
                "}" => {
                    depth -= 1;
                    i + 1
                }
                _ if is_word(i) && text(i + 1) == "::" => {
                    let mut path = vec![text(i).to_string()];
                    let mut j = i;
                    while text(j + 1) == "::" && is_word(j + 2) {
                        j += 2;
                        path.push(text(j).to_string());
                    }
                    let line = tokens[i].line;
                    if !test {
                        self.uses.push(Use {
                            module: module.clone(),
                            path,
                            line,
                            glob: false,
                            name: None,
                            shown: false,
                        });
                    }
                    j + 1
                }
                _ => i + 1,
            };
            shown = false;
            i = next;
        }
    }

    /// Reads the tree of a `use` line: paths after `prefix`, separated by commas.
    fn read_use(&mut self, tokens: &[Token], module: &Module, prefix: &[String], shown: bool) {
        let mut i = 0;
        while i < tokens.len() {
            let mut path = prefix.to_vec();
            let line = tokens[i].line;
            let mut record = |path: Vec<String>, glob: bool, name: Option<String>| {
                self.uses.push(Use {
                    module: module.clone(),
                    path,
                    line,
                    glob,
                    name,
                    shown,
                });
            };
            loop {
                match tokens[i].text.as_str() {
                    "::" => i += 1,
                    "{" => {
                        let close = closing(tokens, i);
                        self.read_use(&tokens[i + 1..close], module, &path, shown);
                        i = close + 1;
                        break;
                    }
                    "*" => {
                        record(path, true, None);
                        i += 1;
                        break;
                    }
                    word => {
                        if word != "self" || path.is_empty() {
                            path.push(word.to_string());
                        }
                        i += 1;
                        if tokens.get(i).is_none_or(|token| token.text != "::") {
                            let mut name = path.last().cloned();
                            if tokens.get(i).is_some_and(|token| token.text == "as") {
                                name = Some(tokens[i + 1].text.clone());
                                i += 2;
                            }
                            record(path, false, name);
                            break;
                        }
                    }
                }
            }
            assert!(
                i == tokens.len() || tokens[i].text == ",",
                "line {line}: not understood"
            );
            i += 1;
        }
    }

    /// The module in which what `path` names in `module` is written; none for what is not of this crate.
    fn resolve(&self, module: &Module, path: &[String], depth: usize) -> Option<Module> {
        assert!(depth < 20, "{module:?} and {path:?} name each other");
        let mut current = module.clone();
        let mut rest = path;
        match rest[0].as_str() {
            "crate" => {
                current.clear();
                rest = &rest[1..];
            }
            "self" => rest = &rest[1..],
            "super" => {
                while rest.first().is_some_and(|word| word == "super") {
                    current.pop();
                    rest = &rest[1..];
                }
            }
            first
                if self
                    .modules
                    .contains_key(&[current.as_slice(), &[first.to_string()]].concat()) => {}
            _ => return None,
        }
        while let Some((word, others)) = rest.split_first() {
            let child = [current.as_slice(), std::slice::from_ref(word)].concat();
            if self.modules.contains_key(&child) {
                current = child;
                rest = others;
                continue;
            }
            let own = self
                .items
                .get(&current)
                .is_some_and(|items| items.contains(word));
            let brought = self
                .uses
                .iter()
                .find(|used| used.module == current && used.name.as_ref() == Some(word));
            if let Some(brought) =
                brought.filter(|brought| !own && brought.path.as_slice() != [word.as_str()])
            {
                let target = self.resolve(&current, &brought.path, depth + 1)?;
                return match self
                    .modules
                    .contains_key(&[target.as_slice(), std::slice::from_ref(word)].concat())
                {
                    true => {
                        self.resolve(&target, &[&["self".to_string()], rest].concat(), depth + 1)
                    }
                    false => Some(target),
                };
            }
            if !own {
                for glob in self
                    .uses
                    .iter()
                    .filter(|used| used.module == current && used.glob)
                {
                    let shown = self.resolve(&current, &glob.path, depth + 1);
                    if let Some(shown) = shown.filter(|shown| {
                        self.items
                            .get(shown)
                            .is_some_and(|items| items.contains(word))
                    }) {
                        return Some(shown);
                    }
                }
            }
            break;
        }
        Some(current)
    }

    /// Which file uses which other, and where.
    fn edges(&self) -> Vec<Edge> {
        let mut edges = BTreeSet::new();
        for used in &self.uses {
            let Some(target) = self.resolve(&used.module, &used.path, 0) else {
                continue;
            };
            let from = self.modules[&used.module].clone();
            let by_root = used.path[0] == "crate" && {
                let first: Module = used.path[1..].iter().take(1).cloned().collect();
                !self.modules.contains_key(&first) || first.is_empty()
            };
            let to = if by_root {
                String::new()
            } else {
                self.modules[&target].clone()
            };
            // A module that shows what its children have does not need them itself.
            let child = target.starts_with(&used.module);
            if to != from && !(used.shown && child) {
                edges.insert(Edge {
                    from,
                    to,
                    line: used.line,
                    path: used.path.join("::"),
                });
            }
        }
        edges.into_iter().collect()
    }
}

/// The folder that a file of src is in, or the name of a file that lies beside lib.rs.
fn folder(file: &str) -> &str {
    file.split('/')
        .next()
        .expect("a name")
        .trim_end_matches(".rs")
}

/// The chain as the front page of the crate has it: the places, and the folders at each.
fn chain(front: &str) -> Vec<Vec<String>> {
    let line = front
        .lines()
        .find(|line| line.starts_with("//! ") && line.contains(" -> "))
        .expect("a chain in src/lib.rs");
    let places = line["//! ".len()..].split(" -> ");
    places
        .map(|place| {
            place
                .split(", ")
                .map(|folder| folder.trim().to_string())
                .collect()
        })
        .collect()
}

/// The edges that `chain` does not allow.
fn forbidden(chain: &[Vec<String>], edges: &[Edge]) -> Vec<Edge> {
    let place = |file: &str| {
        let found = chain
            .iter()
            .position(|folders| folders.iter().any(|name| name == folder(file)));
        found.unwrap_or_else(|| panic!("{} is not in the chain of src/lib.rs", folder(file)))
    };
    let allowed = |edge: &&Edge| {
        if edge.from == "lib.rs" {
            return true;
        }
        match edge.to.as_str() {
            // A front for users is written in what users see; all others name the folder that has it.
            "" | "lib.rs" => place(&edge.from) == 0,
            to => folder(&edge.from) == folder(to) || place(&edge.from) < place(to),
        }
    };
    edges
        .iter()
        .filter(|edge| !allowed(edge))
        .cloned()
        .collect()
}

/// Files of one folder that use each other in a circle, with the edges among them.
fn circles(edges: &[Edge]) -> BTreeMap<String, Vec<Edge>> {
    let inside: Vec<&Edge> = edges
        .iter()
        .filter(|edge| !edge.to.is_empty() && folder(&edge.from) == folder(&edge.to))
        .collect();
    let reached = |from: &str| {
        let mut reached = BTreeSet::new();
        let mut open = vec![from.to_string()];
        while let Some(file) = open.pop() {
            for edge in inside.iter().filter(|edge| edge.from == file) {
                if reached.insert(edge.to.clone()) {
                    open.push(edge.to.clone());
                }
            }
        }
        reached
    };
    let mut circles: BTreeMap<String, Vec<Edge>> = BTreeMap::new();
    for edge in &inside {
        if reached(&edge.to).contains(&edge.from) {
            circles
                .entry(folder(&edge.from).to_string())
                .or_default()
                .push((*edge).clone());
        }
    }
    circles
}

/// All files under src, by their names within it.
fn sources() -> BTreeMap<String, String> {
    fn add(root: &Path, folder: &Path, files: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                add(root, &path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path
                    .strip_prefix(root)
                    .expect("a path below")
                    .to_str()
                    .expect("a name")
                    .replace('\\', "/");
                files.insert(name, std::fs::read_to_string(&path).expect("a source"));
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = BTreeMap::new();
    add(&root, &root, &mut files);
    files
}

fn list(edges: &[Edge]) -> String {
    edges.iter().map(|edge| format!("    {edge}\n")).collect()
}

#[test]
fn folders_use_only_those_after_them() {
    let files = sources();
    let chain = chain(&files["lib.rs"]);
    let edges = Sources::read(&files).edges();
    let wrong = forbidden(&chain, &edges);
    assert!(
        wrong.is_empty(),
        "the chain of src/lib.rs does not allow\n{}",
        list(&wrong)
    );
}

#[test]
fn files_of_a_folder_do_not_use_each_other_in_a_circle() {
    let found = circles(&Sources::read(&sources()).edges());
    let wrong: String = found
        .iter()
        .map(|(folder, edges)| format!("{folder}:\n{}", list(edges)))
        .collect();
    assert!(
        wrong.is_empty(),
        "files use each other in a circle\n{wrong}"
    );
}

/// Folders that work on checked views only.
const WITHOUT_UNSAFE: [&str; 5] = ["call", "fit", "kmeans", "stream", "update"];

#[test]
fn some_folders_have_no_unsafe_code() {
    let files = sources();
    for name in WITHOUT_UNSAFE {
        let mut inside = files
            .iter()
            .filter(|(file, _)| folder(file) == name)
            .peekable();
        assert!(inside.peek().is_some(), "src/{name} is not there");
        for (file, text) in inside {
            let found = tokens(text)
                .into_iter()
                .find(|token| token.text == "unsafe");
            assert!(
                found.is_none(),
                "src/{file}:{} is unsafe",
                found.map_or(0, |token| token.line)
            );
        }
    }
}

#[test]
fn the_front_page_names_every_folder() {
    let files = sources();
    let named: BTreeSet<String> = chain(&files["lib.rs"]).concat().into_iter().collect();
    let there: BTreeSet<String> = files
        .keys()
        .filter(|file| *file != "lib.rs")
        .map(|file| folder(file).to_string())
        .collect();
    assert_eq!(named, there);
}

/// A crate of three folders and a front, to which a test adds a file or two.
fn planted(added: &[(&str, &str)]) -> (Vec<Vec<String>>, Vec<Edge>) {
    let mut files: BTreeMap<String, String> = [
        ("lib.rs", "//! top, front -> middle -> low\nmod front; mod low; mod middle; mod top;\npub use middle::Thing;"),
        ("front.rs", "use crate::Thing;"),
        ("top/mod.rs", "use crate::middle::Thing; use crate::low::deep::Deep;"),
        ("middle/mod.rs", "mod part;\npub use part::Thing;"),
        ("middle/part.rs", "use crate::low::deep::{Deep, other as another}; pub struct Thing;"),
        ("low/mod.rs", "pub mod deep;"),
        ("low/deep.rs", "pub struct Deep; /* crate::top::x */ // crate::top::x\nconst S: &str = \"crate::top::x\";"),
    ]
    .map(|(file, text)| (file.to_string(), text.to_string()))
    .into();
    for (file, text) in added {
        files.insert(file.to_string(), text.to_string());
    }
    (chain(&files["lib.rs"]), Sources::read(&files).edges())
}

#[test]
fn planted_edges_are_found() {
    let (order, edges) = planted(&[]);
    assert_eq!(order, [vec!["top", "front"], vec!["middle"], vec!["low"]]);
    assert_eq!(forbidden(&order, &edges), []);
    assert_eq!(circles(&edges).len(), 0);

    let deep = |text: &str| {
        let (order, edges) = planted(&[("low/deep.rs", text)]);
        let found = forbidden(&order, &edges);
        found
            .iter()
            .map(|edge| format!("{} {} {}", edge.line, edge.to, edge.path))
            .collect::<Vec<_>>()
    };
    // A line, a tree of braces, a path in an expression or type, in a macro, and by way of `super`.
    assert_eq!(
        deep("use crate::middle::Thing;"),
        ["1 middle/part.rs crate::middle::Thing"]
    );
    assert_eq!(
        deep("use std::fmt;\n\nuse crate::{low, middle::{\n    self, part::{Thing as Other}}};"),
        [
            "4 middle/mod.rs crate::middle",
            "4 middle/part.rs crate::middle::part::Thing"
        ]
    );
    assert_eq!(
        deep("pub(crate) use crate::middle::*;"),
        ["1 middle/mod.rs crate::middle"]
    );
    assert_eq!(
        deep("fn f(x: &'static str) -> char { let c = '\"'; crate::top::f::<u8>(c) }"),
        ["1 top/mod.rs crate::top::f"]
    );
    assert_eq!(
        deep("macro_rules! m { () => { $crate::middle::part::f() } }"),
        ["1 middle/part.rs crate::middle::part::f"]
    );
    assert_eq!(
        deep("use super::super::middle::part;"),
        ["1 middle/part.rs super::super::middle::part"]
    );
    assert_eq!(
        deep("mod inner { fn f() { super::super::super::top::f() } }"),
        ["1 top/mod.rs super::super::super::top::f"]
    );
    assert_eq!(
        deep("#[cfg(not(test))]\nuse crate::top::x;"),
        ["2 top/mod.rs crate::top::x"]
    );
    // What lib.rs shows hides where it comes from.
    assert_eq!(deep("use crate::Thing;"), ["1  crate::Thing"]);
    assert_eq!(deep("use crate::{low::deep, Thing};"), ["1  crate::Thing"]);
    // Tests may look anywhere, and what follows them is read again.
    assert_eq!(
        deep("#[cfg(test)]\nmod tests { use crate::top::x; fn f() { crate::top::x() } }"),
        [""; 0]
    );
    assert_eq!(
        deep("#[cfg(test)] use crate::top::{a, b};\nuse crate::middle::part;"),
        ["2 middle/part.rs crate::middle::part"]
    );
    assert_eq!(
        deep("struct S { #[cfg(test)] seen: crate::top::X, real: crate::middle::Thing }"),
        ["1 middle/part.rs crate::middle::Thing"]
    );
    let (order, edges) = planted(&[
        (
            "low/mod.rs",
            "pub mod deep; #[cfg(test)]\n#[allow(dead_code)]\npub(crate) mod checks;",
        ),
        ("low/checks.rs", "use crate::top::x; mod inner;"),
        ("low/checks/inner.rs", "use crate::top::x;"),
    ]);
    assert_eq!(forbidden(&order, &edges), []);

    // Two folders at one place, and a front that uses the root.
    let (order, edges) = planted(&[("front.rs", "use crate::top::x; use crate::Thing;")]);
    assert_eq!(forbidden(&order, &edges).len(), 1);
}

#[test]
fn planted_circles_are_found() {
    let all = |added: &[(&str, &str)]| {
        circles(&planted(added).1)
            .into_iter()
            .map(|(folder, edges)| (folder, edges.len()))
            .collect::<Vec<_>>()
    };
    let middle = "mod part; mod other;\npub use part::Thing; pub use other::Other;";
    // By way of what the folder shows.
    let part = ("middle/part.rs", "use super::Other; pub struct Thing;");
    assert_eq!(
        all(&[
            ("middle/mod.rs", middle),
            part,
            ("middle/other.rs", "pub struct Other;")
        ]),
        []
    );
    let other = ("middle/other.rs", "use super::Thing; pub struct Other;");
    assert_eq!(
        all(&[("middle/mod.rs", middle), part, other]),
        [("middle".to_string(), 2)]
    );
    // Between the folder's own file, which needs a child, and the child.
    let middle = "mod part;\nuse part::f; pub struct Own; fn g() { f() }";
    assert_eq!(
        all(&[
            ("middle/mod.rs", middle),
            ("middle/part.rs", "use super::Own; pub fn f() {}")
        ]),
        [("middle".to_string(), 2)]
    );
    assert_eq!(
        all(&[
            ("middle/mod.rs", middle),
            ("middle/part.rs", "pub fn f() {}")
        ]),
        []
    );
}

#[test]
#[should_panic(expected = "src/low/lost.rs is declared nowhere")]
fn files_that_nobody_declares_are_found() {
    planted(&[("low/lost.rs", "")]);
}

#[test]
#[should_panic(expected = "low is not in the chain")]
fn folders_that_are_not_in_the_chain_are_found() {
    let (_, edges) = planted(&[("low/deep.rs", "use crate::middle::part;")]);
    let known = ["top", "front", "middle"].map(String::from);
    forbidden(&[known.to_vec()], &edges);
}

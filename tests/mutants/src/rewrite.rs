//! Rewrites a source file so that it has all its mutants in it: an expression with mutants becomes a `match` on the number of the mutant
//! that is on, one arm for each and one for the expression as it was, in which further places may lie. Only one mutant is on at a
//! time, so a mutant's arm has the text of the source, and no operand is evaluated twice.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{BinOp, Expr, UnOp};

/// A change of the source, the same under one name however lines move.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// From 1, in the order of the source. 0 is no mutant.
    pub id: u32,
    pub place: usize,
    pub file: String,
    pub line: usize,
    pub function: String,
    /// `before => after`, and `#2` for the second such change of the function.
    pub change: String,
    text: String,
}

impl Mutant {
    pub fn name(&self) -> String {
        format!("{} | {} | {}", self.file, self.function, self.change)
    }
}

/// Where mutants are: an expression of the source, or the start of a function's body if it is empty.
struct Place {
    span: Range<usize>,
    mutants: Range<usize>,
}

/// Mutants of all files so far.
#[derive(Default)]
pub struct Mutants {
    pub all: Vec<Mutant>,
    places: Vec<Place>,
}

/// A file with its mutants in it.
pub struct Rewritten {
    pub text: String,
    /// Where each mutant's arm is in `text`.
    pub arms: Vec<(Range<usize>, u32)>,
    /// Where each place is in `text`, and all its mutants.
    pub places: Vec<(Range<usize>, Vec<u32>)>,
}

impl Mutants {
    pub fn places(&self) -> usize {
        self.places.len()
    }

    /// Finds the mutants of a file; the range of places that they have.
    pub fn find(&mut self, file: &str, source: &str) -> syn::Result<Range<usize>> {
        let parsed = syn::parse_file(source)?;
        let first = self.places.len();
        let mut finder = Finder {
            mutants: self,
            source,
            file,
            function: Vec::new(),
            of_trait: false,
            seen: HashMap::new(),
        };
        finder.visit_file(&parsed);
        Ok(first..self.places.len())
    }

    /// The file that has these places, without the mutants in `left_out`.
    pub fn rewrite(
        &self,
        source: &str,
        places: Range<usize>,
        left_out: &HashSet<u32>,
    ) -> Rewritten {
        let mut order: Vec<usize> = places.collect();
        // Outer places come before those in them.
        order.sort_by_key(|&place| {
            let span = &self.places[place].span;
            (span.start, usize::MAX - span.end)
        });
        let mut writer = Writer {
            mutants: self,
            source,
            left_out,
            out: Rewritten {
                text: String::new(),
                arms: Vec::new(),
                places: Vec::new(),
            },
        };
        writer.write(0..source.len(), &order);
        writer.out
    }
}

struct Writer<'a> {
    mutants: &'a Mutants,
    source: &'a str,
    left_out: &'a HashSet<u32>,
    out: Rewritten,
}

impl Writer<'_> {
    /// Writes a range of the source, in which these places are.
    fn write(&mut self, range: Range<usize>, mut places: &[usize]) {
        let mut at = range.start;
        while let Some((&place, rest)) = places.split_first() {
            let Place { span, mutants } = &self.mutants.places[place];
            let inner = if span.is_empty() {
                0
            } else {
                rest.iter()
                    .take_while(|&&p| self.mutants.places[p].span.end <= span.end)
                    .count()
            };
            self.out.text.push_str(&self.source[at..span.start]);
            let start = self.out.text.len();
            let here: Vec<&Mutant> = self.mutants.all[mutants.clone()]
                .iter()
                .filter(|m| !self.left_out.contains(&m.id))
                .collect();
            if !here.is_empty() {
                self.out
                    .text
                    .push_str(&format!("(match crate::mutant::on({place}) {{ "));
                for mutant in &here {
                    self.out.text.push_str(&format!("{} => ", mutant.id));
                    let arm = self.out.text.len();
                    self.out.text.push_str(&mutant.text);
                    self.out.arms.push((arm..self.out.text.len(), mutant.id));
                    self.out.text.push_str(", ");
                }
                self.out.text.push_str("_ => ");
            }
            match span.is_empty() {
                true if here.is_empty() => (),
                true => self.out.text.push_str("()"),
                false => self.write(span.clone(), &rest[..inner]),
            }
            if !here.is_empty() {
                self.out.text.push_str(" })");
                if span.is_empty() {
                    self.out.text.push(';');
                }
                let ids = here.iter().map(|m| m.id).collect();
                self.out.places.push((start..self.out.text.len(), ids));
            }
            at = span.end;
            places = &rest[inner..];
        }
        self.out.text.push_str(&self.source[at..range.end]);
    }
}

struct Finder<'a> {
    mutants: &'a mut Mutants,
    source: &'a str,
    file: &'a str,
    /// The names of the modules, types and functions around.
    function: Vec<String>,
    of_trait: bool,
    seen: HashMap<(String, String), usize>,
}

impl Finder<'_> {
    fn text(&self, range: Range<usize>) -> String {
        self.source[range].to_string()
    }

    fn of(&self, at: &impl Spanned) -> String {
        self.text(at.span().byte_range())
    }

    /// Adds a place, if it has mutants: pairs of the text that takes its place, and how the change is called.
    fn place(&mut self, span: Range<usize>, texts: Vec<(String, String)>) {
        // What is not in a function is evaluated by the compiler.
        if texts.is_empty() || self.function.is_empty() {
            return;
        }
        let first = self.mutants.all.len();
        let place = self.mutants.places.len();
        let function = self.function.join("::");
        for (text, change) in texts {
            let change = change.split_whitespace().collect::<Vec<_>>().join(" ");
            let times = self
                .seen
                .entry((function.clone(), change.clone()))
                .or_insert(0);
            *times += 1;
            let change = if *times > 1 {
                format!("{change} #{times}")
            } else {
                change
            };
            self.mutants.all.push(Mutant {
                id: self.mutants.all.len() as u32 + 1,
                place,
                file: self.file.to_string(),
                line: self.source[..span.start].matches('\n').count() + 1,
                function: function.clone(),
                change,
                text,
            });
        }
        self.mutants.places.push(Place {
            span,
            mutants: first..self.mutants.all.len(),
        });
    }

    /// A function, unless it is a test's or may be called by the compiler: what its body may return at once, and what is in it.
    fn whole_function<'ast>(
        &mut self,
        attributes: &[syn::Attribute],
        signature: &syn::Signature,
        block: &'ast syn::Block,
    ) where
        Self: Visit<'ast>,
    {
        if of_tests(attributes) || signature.constness.is_some() {
            return;
        }
        self.function.push(signature.ident.to_string());
        self.body(signature, block);
        visit::visit_block(self, block);
        self.function.pop();
    }

    /// A function: what its body may return at once.
    fn body(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let values: &[&str] = match &signature.output {
            syn::ReturnType::Default => &["()"],
            syn::ReturnType::Type(_, ty) => match self.of(ty).as_str() {
                "bool" => &["true", "false"],
                "usize" | "u8" | "u16" | "u32" | "u64" | "u128" | "i8" | "i16" | "i32" | "i64"
                | "i128" => &["0", "1"],
                "f64" | "f32" => &["0.0", "1.0"],
                "()" => &["()"],
                ty if ty.starts_with("Option<") => &["None"],
                ty if ty.starts_with("Result<(),") || ty == "Result<()>" => &["Ok(())"],
                _ => &[],
            },
        };
        // One that does nothing, or returns the value and nothing else.
        let statements = block
            .stmts
            .iter()
            .map(|statement| self.of(statement))
            .collect::<Vec<_>>();
        let trivial = |value: &str| statements.is_empty() || statements == [value];
        let texts = values
            .iter()
            .filter(|value| !trivial(value))
            .map(|value| (format!("return {value}"), format!("=> return {value}")));
        let texts = texts.collect();
        let start = block.span().byte_range().start + 1;
        self.place(start..start, texts);
    }

    fn condition(&mut self, condition: &Expr) {
        let of_operator = |op: &UnOp| matches!(op, UnOp::Not(_));
        match condition {
            // These have mutants of their own.
            Expr::Let(_) | Expr::Binary(_) | Expr::Lit(_) | Expr::Macro(_) => (),
            Expr::Unary(unary) if of_operator(&unary.op) => (),
            _ => {
                let text = self.of(condition);
                self.place(
                    condition.span().byte_range(),
                    vec![(format!("!({text})"), format!("{text} => !({text})"))],
                );
            }
        }
    }
}

/// What an operator is taken for.
fn taken_for(op: &BinOp) -> &'static [&'static str] {
    match op {
        BinOp::Add(_) => &["-"],
        BinOp::Sub(_) => &["+"],
        BinOp::Mul(_) => &["+"],
        BinOp::Div(_) => &["*"],
        BinOp::Rem(_) => &["/"],
        BinOp::And(_) => &["||"],
        BinOp::Or(_) => &["&&"],
        BinOp::BitXor(_) => &["|"],
        BinOp::BitAnd(_) => &["|"],
        BinOp::BitOr(_) => &["&"],
        BinOp::Shl(_) => &[">>"],
        BinOp::Shr(_) => &["<<"],
        BinOp::Eq(_) => &["!="],
        BinOp::Ne(_) => &["=="],
        BinOp::Lt(_) => &["<=", ">="],
        BinOp::Le(_) => &["<", ">"],
        BinOp::Gt(_) => &[">=", "<="],
        BinOp::Ge(_) => &[">", "<"],
        BinOp::AddAssign(_) => &["-="],
        BinOp::SubAssign(_) => &["+="],
        BinOp::MulAssign(_) => &["+="],
        BinOp::DivAssign(_) => &["*="],
        BinOp::RemAssign(_) => &["/="],
        BinOp::BitXorAssign(_) => &["|="],
        BinOp::BitAndAssign(_) => &["|="],
        BinOp::BitOrAssign(_) => &["&="],
        BinOp::ShlAssign(_) => &[">>="],
        BinOp::ShrAssign(_) => &["<<="],
        _ => &[],
    }
}

/// Items of tests, and what has to be compiled for another machine than this one, have no mutants.
fn of_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::Path(path) => path.is_ident("test"),
        syn::Meta::List(list) => {
            list.path.is_ident("cfg")
                && list
                    .tokens
                    .to_string()
                    .split(|c: char| !c.is_alphanumeric())
                    .any(|w| w == "test")
        }
        syn::Meta::NameValue(_) => false,
    })
}

impl<'ast> Visit<'ast> for Finder<'_> {
    // None of these is evaluated when the program runs, and macros are no expressions yet.
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
    fn visit_item_enum(&mut self, _: &'ast syn::ItemEnum) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_trait_item_const(&mut self, _: &'ast syn::TraitItemConst) {}
    fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}
    fn visit_type(&mut self, _: &'ast syn::Type) {}
    fn visit_pat(&mut self, _: &'ast syn::Pat) {}
    fn visit_path(&mut self, _: &'ast syn::Path) {}
    fn visit_generics(&mut self, _: &'ast syn::Generics) {}
    fn visit_angle_bracketed_generic_arguments(
        &mut self,
        _: &'ast syn::AngleBracketedGenericArguments,
    ) {
    }
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
    fn visit_macro(&mut self, _: &'ast syn::Macro) {}

    fn visit_expr_repeat(&mut self, repeat: &'ast syn::ExprRepeat) {
        self.visit_expr(&repeat.expr);
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !of_tests(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if of_tests(&item.attrs) {
            return;
        }
        let ty = self.of(&*item.self_ty);
        let name = ty.split('<').next().unwrap_or_default().to_string();
        let outside = std::mem::take(&mut self.function);
        for part in &item.items {
            self.function = vec![name.clone()];
            self.of_trait = item.trait_.is_some();
            self.visit_impl_item(part);
        }
        self.function = outside;
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        if of_tests(&item.attrs) {
            return;
        }
        let outside = std::mem::replace(&mut self.function, vec![item.ident.to_string()]);
        visit::visit_item_trait(self, item);
        self.function = outside;
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.whole_function(&function.attrs, &function.sig, &function.block);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.whole_function(&function.attrs, &function.sig, &function.block);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.whole_function(&function.attrs, &function.sig, block);
        }
    }

    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        let all = binary.span().byte_range();
        let op = binary.op.span().byte_range();
        let (left, right) = (self.text(all.start..op.start), self.text(op.end..all.end));
        let (before, texts) = (self.text(all.clone()), taken_for(&binary.op));
        let texts = texts
            .iter()
            .map(|other| {
                (
                    format!("{left}{other}{right}"),
                    format!("{before} => {left}{other}{right}"),
                )
            })
            .collect();
        self.place(all, texts);
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &'ast syn::ExprUnary) {
        if !matches!(unary.op, UnOp::Deref(_)) {
            let (all, inner) = (self.of(unary), self.of(&*unary.expr));
            self.place(
                unary.span().byte_range(),
                vec![(inner.clone(), format!("{all} => {inner}"))],
            );
        }
        visit::visit_expr_unary(self, unary);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let other = match call.method.to_string().as_str() {
            "min" => "max",
            "max" => "min",
            "any" => "all",
            "all" => "any",
            _ => "",
        };
        if !other.is_empty() {
            let (all, name) = (call.span().byte_range(), call.method.span().byte_range());
            let text = format!(
                "{}{other}{}",
                self.text(all.start..name.start),
                self.text(name.end..all.end)
            );
            let change = format!("{} => {text}", self.text(all.clone()));
            self.place(all, vec![(text, change)]);
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_lit(&mut self, literal: &'ast syn::ExprLit) {
        if let syn::Lit::Int(int) = &literal.lit {
            if let Ok(value) = int.base10_parse::<u64>() {
                let (text, other) = (
                    self.of(literal),
                    format!("{}{}", value.wrapping_add(1), int.suffix()),
                );
                self.place(
                    literal.span().byte_range(),
                    vec![(other.clone(), format!("{text} => {other}"))],
                );
            }
        }
    }

    fn visit_expr_if(&mut self, branch: &'ast syn::ExprIf) {
        self.condition(&branch.cond);
        visit::visit_expr_if(self, branch);
    }

    fn visit_expr_while(&mut self, repeat: &'ast syn::ExprWhile) {
        self.condition(&repeat.cond);
        visit::visit_expr_while(self, repeat);
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        if let Some((_, guard)) = &arm.guard {
            if !matches!(**guard, Expr::Let(_)) {
                let text = self.of(&**guard);
                let texts = ["true", "false"]
                    .map(|value| (value.to_string(), format!("if {text} => {value}")));
                self.place(guard.span().byte_range(), texts.into());
            }
        }
        visit::visit_arm(self, arm);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The body of a function with all its mutants, and what they are called.
    fn rewritten(body: &str, left_out: &[u32]) -> (String, Vec<String>) {
        let source = format!("fn f() -> T {{{body}}}");
        let mut mutants = Mutants::default();
        let places = mutants.find("f.rs", &source).unwrap();
        let text = mutants
            .rewrite(&source, places, &left_out.iter().copied().collect())
            .text;
        syn::parse_file(&text).unwrap();
        let text = text["fn f() -> T {".len()..text.len() - 1].to_string();
        (
            text,
            mutants
                .all
                .into_iter()
                .map(|mutant| mutant.change)
                .collect(),
        )
    }

    #[test]
    fn mutants_are_arms_of_a_match_that_lie_in_one_another() {
        let (text, names) = rewritten("a + b * c", &[]);
        assert_eq!(text, "(match crate::mutant::on(0) { 1 => a - b * c, _ => a + (match crate::mutant::on(1) { 2 => b + c, _ => b * c }) })");
        assert_eq!(names, ["a + b * c => a - b * c", "b * c => b + c"]);
        // Without the outer one.
        let (text, _) = rewritten("a + b * c", &[1]);
        assert_eq!(
            text,
            "a + (match crate::mutant::on(1) { 2 => b + c, _ => b * c })"
        );
    }

    #[test]
    fn every_kind_of_mutant() {
        for (body, expected) in [
            ("a < b", &["a < b => a <= b", "a < b => a >= b"][..]),
            ("a += b;", &["a += b => a -= b"]),
            ("!a", &["!a => a"]),
            ("-a", &["-a => a"]),
            ("*a", &[]),
            ("a.min(b)", &["a.min(b) => a.max(b)"]),
            ("a[7]", &["7 => 8"]),
            ("if a.b() { return; }", &["a.b() => !(a.b())"]),
            ("if let A = b { c }", &[]),
            (
                "match a { 1 if b => c, 2..=3 => d, _ => e }",
                &["if b => true", "if b => false"],
            ),
            (
                "const A: u8 = 1 + 1; let x: [u8; 1 + 1]; debug_assert!(a < b); [a; 7]; f::<3>()",
                &[],
            ),
            ("a + b; a + b", &["a + b => a - b", "a + b => a - b #2"]),
        ] {
            assert_eq!(rewritten(body, &[]).1, expected, "{body}");
        }
    }

    #[test]
    fn bodies_return_at_once_unless_they_are_const_or_tests() {
        let source = "impl A<B> { fn f(&self) -> bool { g() } const fn g() -> bool { 1 < 2 } }\n#[cfg(test)] mod tests { fn h() { i() } }\nfn k() {}";
        let mut mutants = Mutants::default();
        let places = mutants.find("f.rs", source).unwrap();
        let names: Vec<String> = mutants.all.iter().map(Mutant::name).collect();
        assert_eq!(
            names,
            [
                "f.rs | A::f | => return true",
                "f.rs | A::f | => return false"
            ]
        );
        let text = mutants.rewrite(source, places, &HashSet::new()).text;
        assert!(text.contains("{(match crate::mutant::on(0) { 1 => return true, 2 => return false, _ => () }); g() }"), "{text}");
    }
}

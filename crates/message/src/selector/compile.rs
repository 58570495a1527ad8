//! Turns an expression tree into a program.
//!
//! Works off a list of tasks instead of recursing. ActiveMQ evaluates in two modes, which differ
//! only in which errors are reached: at the top, `AND` and `OR` stop at the first operand that is
//! not true (or true); below other operators they are three-valued and stop at false (or true).

use super::function::PatternArgument;
use super::pattern::Pattern;
use super::program::{Items, Program, Source, Step, When};
use super::tree::{Function, Node, NodeId, Test, Tree};
use super::value::Value;
use super::xpath::XPath;

/// Compiles a checked tree.
pub(super) fn compile(tree: Tree, converts: bool) -> Program {
    let root = tree.root();
    let mut compiler = Compiler {
        tree,
        steps: Vec::new(),
        tasks: Vec::new(),
        labels: Vec::new(),
        kept: 0,
        slots: 0,
    };
    compiler.tasks.extend(root.map(Task::Decide));
    compiler.run();
    Program {
        slots: compiler.slots,
        keeps_values: compiler.steps.iter().any(Step::keeps_value),
        reads_body: compiler.steps.iter().any(Step::reads_body),
        steps: compiler.steps.into_boxed_slice(),
        converts,
    }
}

/// A place behind a step that is not known yet.
#[derive(Clone, Copy)]
struct Label(usize);

/// What remains to be done, last first.
enum Task {
    /// Emit steps that decide whether a condition holds.
    Decide(NodeId),
    /// Emit steps that compute the three-valued result or the value of an expression.
    Value(NodeId),
    Emit(Step),
    Jump(When, Label),
    FalseIfNull(Label),
    Bind(Label),
    ReleaseSlot,
}

struct Compiler {
    tree: Tree,
    steps: Vec<Step>,
    tasks: Vec<Task>,
    labels: Vec<usize>,
    /// Slots in use.
    kept: usize,
    /// Most slots in use at a time.
    slots: usize,
}

impl Compiler {
    fn run(&mut self) {
        while let Some(task) = self.tasks.pop() {
            match task {
                Task::Decide(id) => self.decide(id),
                Task::Value(id) => {
                    let node = self.tree.take(id);
                    self.value(node);
                }
                Task::Emit(step) => self.steps.push(step),
                Task::Jump(when, Label(to)) => self.steps.push(Step::Jump { when, to }),
                Task::FalseIfNull(Label(to)) => self.steps.push(Step::FalseIfNull { to }),
                Task::Bind(Label(label)) => {
                    if let Some(place) = self.labels.get_mut(label) {
                        *place = self.steps.len();
                    }
                }
                Task::ReleaseSlot => self.kept = self.kept.saturating_sub(1),
            }
        }
        for step in &mut self.steps {
            if let Step::Jump { to, .. } | Step::FalseIfNull { to } = step {
                *to = self.labels.get(*to).copied().unwrap_or(usize::MAX);
            }
        }
    }

    fn label(&mut self) -> Label {
        self.labels.push(usize::MAX);
        Label(self.labels.len().saturating_sub(1))
    }

    /// Schedules tasks to be done in this order.
    fn schedule(&mut self, tasks: impl IntoIterator<Item = Task>) {
        let height = self.tasks.len();
        self.tasks.extend(tasks);
        if let Some(added) = self.tasks.get_mut(height..) {
            added.reverse();
        }
    }

    fn decide(&mut self, id: NodeId) {
        let (operands, stop) = match self.tree.take(id) {
            Node::All(operands) => (operands, When::NotTrue),
            Node::Any(operands) => (operands, When::True),
            Node::Between {
                operand,
                low,
                high,
                negated,
            } => {
                let bounds = Bounds { low, high, negated };
                return self.between(operand, &bounds, false);
            }
            other => return self.value(other),
        };
        let end = self.label();
        let mut tasks = Vec::new();
        for (index, operand) in operands.into_iter().enumerate() {
            if index > 0 {
                tasks.push(Task::Jump(stop, end));
            }
            tasks.push(Task::Decide(operand));
        }
        tasks.push(Task::Bind(end));
        self.schedule(tasks);
    }

    fn value(&mut self, node: Node) {
        match node {
            Node::Constant(value) => self.steps.push(Step::Load(Source::Constant(value))),
            Node::Field(name) => self.steps.push(Step::Load(Source::Field(name))),
            Node::Cast(name) => {
                self.steps.push(Step::Load(Source::Field(name)));
                self.steps.push(Step::Cast);
            }
            Node::Negate(operand) => self.unary(operand, Step::Negate),
            Node::Not(operand) => self.unary(operand, Step::Not),
            Node::All(operands) => self.logic(operands, When::False, &Step::And),
            Node::Any(operands) => self.logic(operands, When::True, &Step::Or),
            Node::Compare { test, left, right } => self.compare(test, left, right),
            Node::Calculate {
                calculation,
                left,
                right,
            } => {
                let step = |right| Step::Calculate { calculation, right };
                self.binary(left, right, true, step);
            }
            Node::IsNull { operand, negated } => self.unary(operand, Step::IsNull { negated }),
            Node::Between {
                operand,
                low,
                high,
                negated,
            } => self.between(operand, &Bounds { low, high, negated }, true),
            Node::Like {
                operand,
                pattern,
                negated,
            } => {
                let not = negated.then_some(Task::Emit(Step::Not));
                let like = Task::Emit(Step::Like(Box::new(pattern)));
                self.schedule([Task::Value(operand), like].into_iter().chain(not));
            }
            Node::In {
                field,
                items,
                negated,
            } => {
                let items = Items::new(items);
                self.steps.push(Step::Load(Source::Field(field)));
                self.steps.push(Step::In { items, negated });
            }
            Node::Call {
                function,
                arguments,
            } => self.call(function, arguments),
            Node::XPath(text) => self.steps.push(Step::XPath(Box::new(XPath::new(&text)))),
            Node::XQuery => {
                let never = Source::Constant(Value::Boolean(false));
                self.steps.push(Step::Load(never));
            }
        }
    }

    fn unary(&mut self, operand: NodeId, step: Step) {
        self.schedule([Task::Value(operand), Task::Emit(step)]);
    }

    fn logic(&mut self, operands: Vec<NodeId>, stop: When, combine: &Step) {
        let end = self.label();
        let mut tasks = Vec::new();
        for (index, operand) in operands.into_iter().enumerate() {
            if index == 0 {
                tasks.push(Task::Value(operand));
                continue;
            }
            tasks.push(Task::Jump(stop, end));
            tasks.push(Task::Emit(Step::Push));
            tasks.push(Task::Value(operand));
            tasks.push(Task::Emit(combine.clone()));
        }
        tasks.push(Task::Bind(end));
        self.schedule(tasks);
    }

    /// The source of an operand that needs no steps of its own.
    fn simple(&mut self, id: NodeId) -> Option<Source> {
        match self.tree.get(id) {
            Some(Node::Constant(_) | Node::Field(_)) => {}
            _ => return None,
        }
        match self.tree.take(id) {
            Node::Constant(value) => Some(Source::Constant(value)),
            Node::Field(name) => Some(Source::Field(name)),
            _ => None,
        }
    }

    fn compare(&mut self, test: Test, left: NodeId, right: NodeId) {
        if let (Some(Node::Field(_)), Some(Node::Constant(_))) =
            (self.tree.get(left), self.tree.get(right))
            && let (Node::Field(field), Node::Constant(right)) =
                (self.tree.take(left), self.tree.take(right))
        {
            return self.steps.push(Step::CompareField { field, test, right });
        }
        let step = |right| Step::Compare { test, right };
        // Equality evaluates its right side even if the left one is null.
        self.binary(left, right, test.is_ordering(), step);
    }

    /// A step with two operands. `null_ends`: a null on the left is the result, and the right
    /// side is not evaluated.
    fn binary(
        &mut self,
        left: NodeId,
        right: NodeId,
        null_ends: bool,
        step: impl Fn(Source) -> Step,
    ) {
        if let Some(right) = self.simple(right) {
            return self.unary(left, step(right));
        }
        let end = self.label();
        let jump = null_ends.then_some(Task::Jump(When::Null, end));
        let rest = [
            Task::Emit(Step::Push),
            Task::Value(right),
            Task::Emit(step(Source::Stacked)),
            Task::Bind(end),
        ];
        self.schedule(std::iter::once(Task::Value(left)).chain(jump).chain(rest));
    }

    /// `BETWEEN` is two comparisons with one operand, which is evaluated once and kept.
    fn between(&mut self, operand: NodeId, bounds: &Bounds, three_valued: bool) {
        let (first, second, stop, combine) = match (bounds.negated, three_valued) {
            (false, false) => (Test::GreaterOrEqual, Test::LessOrEqual, When::NotTrue, None),
            (false, true) => (
                Test::GreaterOrEqual,
                Test::LessOrEqual,
                When::False,
                Some(Step::And),
            ),
            (true, false) => (Test::Less, Test::Greater, When::True, None),
            (true, true) => (Test::Less, Test::Greater, When::True, Some(Step::Or)),
        };
        let slot = self.kept;
        self.kept = self.kept.saturating_add(1);
        self.slots = self.slots.max(self.kept);
        let end = self.label();
        let mut tasks = vec![
            Task::Value(operand),
            Task::Jump(When::Null, end),
            Task::Emit(Step::Keep { slot }),
        ];
        tasks.extend(self.compare_kept(slot, first, bounds.low));
        tasks.push(Task::Jump(stop, end));
        tasks.extend(combine.is_some().then_some(Task::Emit(Step::Push)));
        tasks.extend(self.compare_kept(slot, second, bounds.high));
        tasks.extend(combine.map(Task::Emit));
        tasks.push(Task::Bind(end));
        tasks.push(Task::ReleaseSlot);
        self.schedule(tasks);
    }

    fn compare_kept(&mut self, slot: usize, test: Test, right: NodeId) -> Vec<Task> {
        let (value, right) = match self.simple(right) {
            Some(source) => (None, source),
            None => (Some(Task::Value(right)), Source::Stacked),
        };
        let compare = Task::Emit(Step::CompareKept { slot, test, right });
        value.into_iter().chain([compare]).collect()
    }

    fn call(&mut self, function: Function, arguments: Vec<NodeId>) {
        match function {
            Function::Regex => self.regex(&arguments),
            Function::InList => self.arguments(arguments, Step::InList),
            Function::MakeList => {
                let count = arguments.len();
                self.arguments(arguments, Step::MakeList { count });
            }
            Function::Split => {
                let has_limit = arguments.len() > 2;
                let (pattern, arguments) = self.pattern_argument(arguments);
                let step = Step::Split {
                    pattern: Box::new(pattern),
                    has_limit,
                    count: arguments.len(),
                };
                self.arguments(arguments, step);
            }
            Function::Replace => {
                let (pattern, arguments) = self.pattern_argument(arguments);
                let step = Step::Replace {
                    pattern: Box::new(pattern),
                    count: arguments.len(),
                };
                self.arguments(arguments, step);
            }
        }
    }

    /// All arguments on the stack, then the call.
    fn arguments(&mut self, arguments: Vec<NodeId>, step: Step) {
        let values = arguments
            .into_iter()
            .flat_map(|argument| [Task::Value(argument), Task::Emit(Step::Push)]);
        self.schedule(values.chain([Task::Emit(step)]));
    }

    /// A literal pattern (the second argument) is compiled and taken out of the arguments.
    fn pattern_argument(&self, mut arguments: Vec<NodeId>) -> (PatternArgument, Vec<NodeId>) {
        let literal = arguments.get(1).and_then(|id| match self.tree.get(*id) {
            Some(Node::Constant(Value::String(text))) => Some(Pattern::new(text)),
            _ => None,
        });
        match literal {
            Some(pattern) => {
                arguments.remove(1);
                (PatternArgument::Literal(pattern), arguments)
            }
            None => (PatternArgument::Computed, arguments),
        }
    }

    fn regex(&mut self, arguments: &[NodeId]) {
        let &[pattern, value] = arguments else {
            return;
        };
        if let Some(Node::Constant(Value::String(text))) = self.tree.get(pattern) {
            let step = Step::Regex(Box::new(Pattern::new(text)));
            return self.unary(value, step);
        }
        let end = self.label();
        self.schedule([
            Task::Value(pattern),
            Task::FalseIfNull(end),
            Task::Emit(Step::Push),
            Task::Value(value),
            Task::Emit(Step::RegexComputed),
            Task::Bind(end),
        ]);
    }
}

/// The bounds of `BETWEEN`.
struct Bounds {
    low: NodeId,
    high: NodeId,
    negated: bool,
}

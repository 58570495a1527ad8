//! Runs a program over the fields of one message.
//!
//! Nothing is allocated as long as texts are borrowed from the message and at most
//! [`INLINE_VALUES`] values wait on the stack. The running time is bounded by the program's length
//! and by the limits of patterns and computed texts.

use super::error::EvaluationError;
use super::program::{Program, Source, Step, When};
use super::tree::Test;
use super::value::{Fields, Value};
use super::xpath::Body;
use super::{arithmetic, compare, function};
use std::cell::OnceCell;

/// Values that wait on the stack (or are kept) without an allocation.
const INLINE_VALUES: usize = 4;

impl Program {
    /// Whether the fields satisfy the program's condition.
    pub(super) fn matches(&self, fields: &dyn Fields) -> Result<bool, EvaluationError> {
        // Most programs need neither a stack nor the body: preparing them would take longer than
        // the evaluation.
        if self.reads_body {
            let text = OnceCell::new();
            let body = Body::new(fields, &text);
            return self.run::<INLINE_VALUES>(fields, Some(&body));
        }
        if self.keeps_values {
            return self.run::<INLINE_VALUES>(fields, None);
        }
        self.run::<0>(fields, None)
    }

    fn run<'a, 'b, const INLINE: usize>(
        &'a self,
        fields: &'a dyn Fields,
        body: Option<&'b Body<'b, 'a>>,
    ) -> Result<bool, EvaluationError> {
        let mut machine = Machine::<INLINE> {
            fields,
            body,
            converts: self.converts,
            accumulator: Value::Boolean(false),
            stack: Cells::new(self.slots),
        };
        machine.run(&self.steps)?;
        Ok(machine.accumulator.is_true())
    }
}

struct Machine<'a, 'b, const INLINE: usize> {
    fields: &'a dyn Fields,
    body: Option<&'b Body<'b, 'a>>,
    converts: bool,
    accumulator: Value<'a>,
    stack: Cells<'a, INLINE>,
}

impl<'a, const INLINE: usize> Machine<'a, '_, INLINE> {
    fn run(&mut self, steps: &'a [Step]) -> Result<(), EvaluationError> {
        let mut next = 0_usize;
        while let Some(step) = steps.get(next) {
            next = match step {
                Step::Jump { when, to } if self.is(*when) => *to,
                Step::FalseIfNull { to } if self.accumulator.is_null() => {
                    self.accumulator = Value::Boolean(false);
                    *to
                }
                Step::Jump { .. } | Step::FalseIfNull { .. } => next.saturating_add(1),
                other => {
                    self.step(other)?;
                    next.saturating_add(1)
                }
            };
        }
        Ok(())
    }

    fn is(&self, when: When) -> bool {
        match when {
            When::True => self.accumulator.is_true(),
            When::NotTrue => !self.accumulator.is_true(),
            When::False => self.accumulator.is_false(),
            When::Null => self.accumulator.is_null(),
        }
    }

    fn step(&mut self, step: &'a Step) -> Result<(), EvaluationError> {
        match step {
            Step::Load(source) => match source {
                Source::Constant(value) => self.accumulator = value.borrow(),
                Source::Field(name) => self.accumulator = self.fields.field(name),
                Source::Stacked => {}
            },
            Step::Push => self.stack.push(std::mem::take(&mut self.accumulator)),
            Step::Keep { slot } => self.stack.set(*slot, std::mem::take(&mut self.accumulator)),
            Step::Compare { test, right } => self.compare(*test, right)?,
            Step::CompareField { field, test, right } => {
                let left = self.fields.field(field);
                let truth = compare::compare(*test, &left, right, self.converts)?;
                self.set_truth(truth);
            }
            Step::CompareKept { slot, test, right } => self.compare_kept(*slot, *test, right)?,
            Step::Calculate { calculation, right } => {
                let right = self.right(right);
                self.accumulator = arithmetic::calculate(*calculation, &self.accumulator, &right)?;
            }
            Step::Negate => self.accumulator = arithmetic::negate(&self.accumulator)?,
            Step::Not => self.accumulator = Value::truth(self.truth().map(|truth| !truth)),
            Step::And => self.and(),
            Step::Or => self.or(),
            Step::Cast => {
                if !matches!(self.accumulator, Value::Boolean(_) | Value::Null) {
                    self.accumulator = Value::Boolean(false);
                }
            }
            Step::IsNull { negated } => {
                self.accumulator = Value::Boolean(self.accumulator.is_null() != *negated);
            }
            Step::Like(pattern) => {
                self.accumulator = match &self.accumulator {
                    Value::Null => Value::Null,
                    Value::String(text) => Value::Boolean(pattern.matches(text)?),
                    _ => Value::Boolean(false),
                }
            }
            Step::In { items, negated } => {
                self.accumulator = match &self.accumulator {
                    Value::String(text) => Value::Boolean(items.contains(text) != *negated),
                    _ => Value::Null,
                }
            }
            other => self.call(other)?,
        }
        Ok(())
    }

    fn call(&mut self, step: &Step) -> Result<(), EvaluationError> {
        self.accumulator = match step {
            Step::Regex(pattern) => {
                Value::Boolean(function::regex_literal(pattern, &self.accumulator)?)
            }
            Step::RegexComputed => {
                let pattern = self.stack.pop();
                let value = std::mem::take(&mut self.accumulator);
                Value::Boolean(!value.is_null() && function::regex(&pattern, &value)?)
            }
            Step::InList => {
                let value = self.stack.pop();
                let list = self.stack.pop();
                Value::Boolean(function::in_list(&list, &value)?)
            }
            Step::MakeList { count } => Value::List(self.stack.take_last(*count).into()),
            Step::Split {
                pattern,
                has_limit,
                count,
            } => function::split(pattern, *has_limit, &self.stack.take_last(*count))?,
            Step::Replace { pattern, count } => {
                function::replace(pattern, &self.stack.take_last(*count))?
            }
            Step::XPath(expression) => Value::Boolean(match self.body {
                Some(body) => expression.matches(body)?,
                None => false,
            }),
            _ => std::mem::take(&mut self.accumulator),
        };
        Ok(())
    }

    /// The right operand of a step; the accumulator becomes its left operand.
    fn right(&mut self, source: &'a Source) -> Value<'a> {
        match source {
            Source::Constant(value) => value.borrow(),
            Source::Field(name) => self.fields.field(name),
            Source::Stacked => {
                let left = self.stack.pop();
                std::mem::replace(&mut self.accumulator, left)
            }
        }
    }

    fn compare(&mut self, test: Test, right: &'a Source) -> Result<(), EvaluationError> {
        let truth = if let Source::Constant(right) = right {
            compare::compare(test, &self.accumulator, right, self.converts)?
        } else {
            let right = self.right(right);
            compare::compare(test, &self.accumulator, &right, self.converts)?
        };
        self.set_truth(truth);
        Ok(())
    }

    /// As `compare`, with a kept left operand.
    fn compare_kept(
        &mut self,
        slot: usize,
        test: Test,
        right: &'a Source,
    ) -> Result<(), EvaluationError> {
        let right = match right {
            Source::Constant(value) => value.borrow(),
            Source::Field(name) => self.fields.field(name),
            Source::Stacked => std::mem::take(&mut self.accumulator),
        };
        let truth = compare::compare(test, self.stack.get(slot), &right, self.converts)?;
        self.set_truth(truth);
        Ok(())
    }

    fn truth(&self) -> Option<bool> {
        match &self.accumulator {
            Value::Boolean(truth) => Some(*truth),
            _ => None,
        }
    }

    /// Loads a truth. Mostly there has been another one, which is overwritten in its place.
    fn set_truth(&mut self, truth: Option<bool>) {
        match (&mut self.accumulator, truth) {
            (Value::Boolean(place), Some(truth)) => *place = truth,
            (place, truth) => *place = Value::truth(truth),
        }
    }

    /// The stack's top has been found not false.
    fn and(&mut self) {
        let left = self.stack.pop();
        if !self.accumulator.is_false() && left.is_null() {
            self.accumulator = Value::Null;
        }
    }

    /// The stack's top has been found not true.
    fn or(&mut self) {
        let left = self.stack.pop();
        if !self.accumulator.is_true() && left.is_null() {
            self.accumulator = Value::Null;
        }
    }
}

/// A stack of values, with numbered places for kept values at its bottom; the first few values
/// need no allocation.
struct Cells<'a, const INLINE: usize> {
    inline: [Value<'a>; INLINE],
    spilled: Vec<Value<'a>>,
    length: usize,
}

impl<'a, const INLINE: usize> Cells<'a, INLINE> {
    fn new(slots: usize) -> Self {
        let mut cells = Self {
            inline: [const { Value::Null }; INLINE],
            spilled: Vec::new(),
            length: slots,
        };
        if slots > INLINE {
            let spilled = slots.saturating_sub(INLINE);
            cells.spilled.resize_with(spilled, Value::default);
        }
        cells
    }

    fn push(&mut self, value: Value<'a>) {
        match self.inline.get_mut(self.length) {
            Some(cell) => *cell = value,
            None => self.spilled.push(value),
        }
        self.length = self.length.saturating_add(1);
    }

    fn pop(&mut self) -> Value<'a> {
        self.length = self.length.saturating_sub(1);
        match self.inline.get_mut(self.length) {
            Some(cell) => std::mem::take(cell),
            None => self.spilled.pop().unwrap_or_default(),
        }
    }

    fn take_last(&mut self, count: usize) -> Vec<Value<'a>> {
        let mut values: Vec<Value<'a>> = (0..count).map(|_| self.pop()).collect();
        values.reverse();
        values
    }

    fn set(&mut self, slot: usize, value: Value<'a>) {
        let place = match self.inline.get_mut(slot) {
            Some(cell) => Some(cell),
            None => self.spilled.get_mut(slot.saturating_sub(INLINE)),
        };
        if let Some(place) = place {
            *place = value;
        }
    }

    fn get(&self, slot: usize) -> &Value<'a> {
        const ABSENT: &Value<'static> = &Value::Null;
        self.inline
            .get(slot)
            .or_else(|| self.spilled.get(slot.saturating_sub(INLINE)))
            .unwrap_or(ABSENT)
    }
}

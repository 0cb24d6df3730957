//! The checker: goes through every state that a model can reach, the nearest first, and says which property breaks and how.
//!
//! Two kinds of property. What holds *always* is looked at in each state. What is *reached* must stay possible: from each state, by
//! steps that surely come, one can get to where it holds; so with a finite number of states, and steps that are not put off for ever, it comes.
//! Invariant: a counter-example goes to where the property breaks by a shortest way, and each of its steps is one of the model's.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::Hash;
use std::rc::Rc;

/// States and the steps between them.
pub trait Model {
    /// All that the model knows at one moment.
    type State: Clone + Eq + Hash;
    /// What happens between two moments, told by its [`fmt::Display`].
    type Step: Clone + fmt::Display;

    /// Where it begins.
    fn start(&self) -> Self::State;

    /// Adds every step that may come next, with the state that it leads to.
    fn steps(&self, state: &Self::State, next: &mut Vec<(Self::Step, Self::State)>);

    /// Whether the step comes sooner or later if it stays possible. A crash does not, nor does anything else that nobody may count on.
    fn is_sure(&self, step: &Self::Step) -> bool;
}

/// What must hold.
#[derive(Debug)]
pub enum Property<S> {
    /// In every state.
    Always(&'static str, fn(&S) -> bool),
    /// In some state that can still be reached by sure steps, whatever has happened.
    Reached(&'static str, fn(&S) -> bool),
}

/// A property that breaks, with the steps from the start to where it does.
#[derive(Clone)]
pub struct CounterExample<T> {
    /// The property.
    pub property: &'static str,
    /// What happened, in order.
    pub steps: Vec<T>,
}

impl<T: fmt::Display> fmt::Display for CounterExample<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "broken: {}", self.property)?;
        for (number, step) in self.steps.iter().enumerate() {
            writeln!(out, "{:>4}. {step}", number + 1)?;
        }
        Ok(())
    }
}

// An `expect` prints this: the trace is what one wants to read then.
impl<T: fmt::Display> fmt::Debug for CounterExample<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "\n{self}")
    }
}

/// More states than a model may have: it is not as small as it was meant to be.
const MOST: usize = 1_000_000;

/// Goes through all states of the model; says how many there are, or which property breaks first and how.
///
/// # Panics
/// When the model has more than a million states.
pub fn check<M: Model>(
    model: &M,
    properties: &[Property<M::State>],
) -> Result<usize, CounterExample<M::Step>> {
    let mut found = Found { places: HashMap::new(), states: Vec::new(), came: Vec::new() };
    // For each state, from where sure steps lead to it.
    let mut sure: Vec<Vec<usize>> = Vec::new();
    found.add(model.start(), None);
    let mut next = Vec::new();
    let mut here = 0;
    while here < found.states.len() {
        assert!(here < MOST, "a model has more than {MOST} states");
        let state = Rc::clone(&found.states[here]);
        for property in properties {
            if let Property::Always(name, holds) = property
                && !holds(&state)
            {
                return Err(found.example(name, here));
            }
        }
        model.steps(&state, &mut next);
        for (step, state) in next.drain(..) {
            let is_sure = model.is_sure(&step);
            let there = found.add(state, Some((here, step)));
            sure.resize_with(found.states.len(), Vec::new);
            if is_sure && there != here {
                sure[there].push(here);
            }
        }
        here += 1;
    }
    sure.resize_with(found.states.len(), Vec::new);
    for property in properties {
        if let Property::Reached(name, holds) = property
            && let Some(lost) = cut_off(&found.states, &sure, *holds)
        {
            let mut example = found.example(name, lost);
            example.steps.extend(rest(model, &found.states[lost]));
            return Err(example);
        }
    }
    Ok(found.states.len())
}

/// The first state from which no sure steps lead to one where it holds.
fn cut_off<S>(states: &[Rc<S>], sure: &[Vec<usize>], holds: fn(&S) -> bool) -> Option<usize> {
    let mut gets_there: Vec<bool> = states.iter().map(|state| holds(state)).collect();
    let mut open: Vec<usize> = (0..states.len()).filter(|&at| gets_there[at]).collect();
    while let Some(at) = open.pop() {
        for &before in &sure[at] {
            if !gets_there[before] {
                gets_there[before] = true;
                open.push(before);
            }
        }
    }
    gets_there.iter().position(|gets_there| !gets_there)
}

/// Some sure steps from a state, until none is left or the states repeat themselves: the end of a story that ends badly.
fn rest<M: Model>(model: &M, state: &M::State) -> Vec<M::Step> {
    let (mut state, mut seen, mut steps, mut next) = (state.clone(), HashSet::new(), Vec::new(), Vec::new());
    while seen.insert(state.clone()) {
        model.steps(&state, &mut next);
        let goes_on = |(step, there): &(M::Step, M::State)| model.is_sure(step) && !seen.contains(there);
        let Some((step, there)) = next.drain(..).find(goes_on) else { break };
        steps.push(step);
        state = there;
    }
    steps
}

struct Found<S, T> {
    places: HashMap<Rc<S>, usize>,
    states: Vec<Rc<S>>,
    /// How each state was reached first.
    came: Vec<Option<(usize, T)>>,
}

impl<S: Eq + Hash, T: Clone> Found<S, T> {
    fn add(&mut self, state: S, came: Option<(usize, T)>) -> usize {
        let state = Rc::new(state);
        let place = *self.places.entry(Rc::clone(&state)).or_insert(self.states.len());
        if place == self.states.len() {
            self.states.push(state);
            self.came.push(came);
        }
        place
    }

    fn example(&self, property: &'static str, mut at: usize) -> CounterExample<T> {
        let mut steps = Vec::new();
        while let Some((before, step)) = &self.came[at] {
            steps.push(step.clone());
            at = *before;
        }
        steps.reverse();
        CounterExample { property, steps }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts up by one or by two to a top, and may fall into a pit at three.
    struct Stairs {
        pit: bool,
    }

    impl Model for Stairs {
        type State = u8;
        type Step = String;

        fn start(&self) -> u8 {
            0
        }

        fn steps(&self, state: &u8, next: &mut Vec<(String, u8)>) {
            if *state == 3 && self.pit {
                next.push(("falls".to_owned(), 100));
            }
            if *state < 6 {
                next.extend([1, 2].map(|by| (format!("{by} up"), state + by)));
            }
            if *state == 6 {
                next.push(("again".to_owned(), 0));
            }
        }

        fn is_sure(&self, step: &String) -> bool {
            step != "falls"
        }
    }

    #[test]
    fn a_property_of_every_state_breaks_by_the_shortest_way() {
        let stairs = Stairs { pit: false };
        let broken =
            check(&stairs, &[Property::Always("low", |state| *state < 5)]).expect_err("it gets to 5");
        assert_eq!(broken.steps.len(), 3);
        assert_eq!(
            check(&stairs, &[Property::Always("low", |state| *state < 8)]).expect("it stays below"),
            8
        );
    }

    #[test]
    fn a_way_that_leads_nowhere_is_found_and_a_circle_is_none() {
        let six = || [Property::Reached("six", |state: &u8| *state == 4)];
        // 7 is a dead end; 6 begins anew.
        let broken = check(&Stairs { pit: false }, &six()).expect_err("7 leads nowhere");
        assert_eq!(broken.steps.len(), 4);
        let pit = || [Property::Reached("out", |state: &u8| *state >= 6 && *state < 100)];
        assert!(check(&Stairs { pit: false }, &pit()).is_ok());
        let broken = check(&Stairs { pit: true }, &pit()).expect_err("the pit leads nowhere");
        assert_eq!(broken.steps.last().map(String::as_str), Some("falls"));
        assert!(broken.to_string().ends_with("3. falls\n"), "{broken}");
    }
}

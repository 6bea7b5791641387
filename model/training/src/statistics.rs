//! Means, shares and deviations. All give 0 where there are no values.

/// A count as a number with fractions.
#[expect(clippy::cast_precision_loss, reason = "notes are far fewer than 2^52")]
pub(crate) fn count(things: usize) -> f64 {
    things as f64
}

/// `part / whole`.
pub(crate) fn share(part: usize, whole: usize) -> f64 {
    count(part) / count(whole.max(1))
}

/// The arithmetic mean.
pub(crate) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, number) = values.fold((0.0, 0), |(sum, number), value| (sum + value, number + 1));
    sum / count(number.max(1))
}

/// The standard deviation of the whole population.
pub(crate) fn spread(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let middle = mean(values.clone());
    mean(values.map(|value| (value - middle).powi(2))).sqrt()
}

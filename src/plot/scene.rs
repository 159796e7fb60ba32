//! Shapes to paint.

/// A place, in CSS pixels from the upper left corner.
pub type Point = (f32, f32);

/// A colour, by what it stands for; the theme says which that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "every variant is the colour it names")]
pub enum Ink {
    Cpu,
    Memory,
    Rx,
    Tx,
    Grid,
    Label,
    Limit,
    Cross,
}

impl Ink {
    /// Every colour.
    pub const ALL: [Self; 8] = [
        Self::Cpu,
        Self::Memory,
        Self::Rx,
        Self::Tx,
        Self::Grid,
        Self::Label,
        Self::Limit,
        Self::Cross,
    ];

    /// The style sheet's name for it.
    pub const fn variable(self) -> &'static str {
        match self {
            Self::Cpu => "--cpu",
            Self::Memory => "--memory",
            Self::Rx => "--rx",
            Self::Tx => "--tx",
            Self::Grid => "--line",
            Self::Label => "--faint",
            Self::Limit => "--bad",
            Self::Cross => "--muted",
        }
    }
}

/// Where a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// A shape.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A line through points; a dot when there is only one.
    Line {
        /// From left to right.
        points: Vec<Point>,
        /// Its colour.
        ink: Ink,
        /// Whether it is broken into dashes, to be told from another one without colour.
        dashed: bool,
    },
    /// What lies between a line and a level beneath it.
    Area {
        /// From left to right.
        points: Vec<Point>,
        /// The level.
        base: f32,
        /// Its colour, which is thinned.
        ink: Ink,
    },
    /// A straight hairline.
    Rule {
        /// One end.
        from: Point,
        /// The other end.
        to: Point,
        /// Its colour.
        ink: Ink,
        /// Whether it is broken into dashes.
        dashed: bool,
    },
    /// A small text, vertically centred.
    Text {
        /// Where.
        at: Point,
        /// What it says.
        text: String,
        /// Its colour.
        ink: Ink,
        /// On which side of the place.
        align: Align,
    },
}

/// What is painted, from back to front.
pub type Scene = Vec<Shape>;

/// Adds the line through `points`, broken where one is missing, and the area down to `base`, if any.
pub fn line(
    points: impl Iterator<Item = Option<Point>>,
    ink: Ink,
    base: Option<f32>,
    dashed: bool,
    scene: &mut Scene,
) {
    let mut run = Vec::new();
    for point in points.chain([None]) {
        if let Some(point) = point {
            run.push(point);
            continue;
        }
        let points = std::mem::take(&mut run);
        if points.is_empty() {
            continue;
        }
        if let Some(base) = base.filter(|_| points.len() > 1) {
            let points = points.clone();
            scene.push(Shape::Area { points, base, ink });
        }
        scene.push(Shape::Line {
            points,
            ink,
            dashed,
        });
    }
}

/// Room for half of a line's width, above and below.
const MARGIN: f32 = 1.5;

/// A line without anything around it, `width` by `height`: values from 0 to `top`, each at its place
/// from 0 (left) to 1 (right).
pub fn sparkline(
    points: impl Iterator<Item = (f32, Option<f32>)>,
    top: f32,
    (width, height): (f32, f32),
    ink: Ink,
) -> Scene {
    let top = top.max(f32::EPSILON);
    let place = |(at, value): (f32, Option<f32>)| {
        let share = (value.filter(|value| value.is_finite())? / top).clamp(0.0, 1.0);
        let y = height - MARGIN - share * (height - 2.0 * MARGIN);
        Some((at.clamp(0.0, 1.0) * width, y))
    };
    let mut scene = Scene::new();
    line(points.map(place), ink, Some(height), false, &mut scene);
    scene
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(scene: &Scene) -> Vec<Vec<Point>> {
        let line = |shape: &Shape| match shape {
            Shape::Line { points, .. } => Some(points.clone()),
            _ => None,
        };
        scene.iter().filter_map(line).collect()
    }

    fn drawn(points: &[(f32, Option<f32>)], top: f32) -> Scene {
        sparkline(points.iter().copied(), top, (200.0, 43.0), Ink::Cpu)
    }

    #[test]
    fn what_is_missing_is_a_gap() {
        let scene = drawn(&[(0.0, Some(0.0)), (0.5, None), (1.0, Some(100.0))], 100.0);
        assert_eq!(lines(&scene), [[(0.0, 41.5)], [(200.0, 1.5)]]);
        assert_eq!(drawn(&[], 1.0), []);
        assert_eq!(drawn(&[(0.5, None)], 1.0), []);
        assert_eq!(drawn(&[(0.5, Some(f32::NAN))], 1.0), []);
    }

    #[test]
    fn points_lie_where_their_time_is_and_the_area_ends_where_the_line_does() {
        let scene = drawn(&[(0.5, Some(1.0)), (0.75, Some(1.0)), (0.8, None)], 1.0);
        let points = vec![(100.0, 1.5), (150.0, 1.5)];
        let area = Shape::Area {
            points: points.clone(),
            base: 43.0,
            ink: Ink::Cpu,
        };
        assert_eq!(scene[0], area);
        assert_eq!(lines(&scene), [points]);
    }

    #[test]
    fn nonsense_stays_inside() {
        let scene = drawn(&[(-1.0, Some(-5.0)), (2.0, Some(500.0))], 100.0);
        assert_eq!(lines(&scene), [[(0.0, 41.5), (200.0, 1.5)]]);
        assert_eq!(lines(&drawn(&[(0.0, Some(0.0))], 0.0)), [[(0.0, 41.5)]]);
    }
}

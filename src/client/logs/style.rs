//! Text styles from the SGR escape sequences of terminals.

/// The style of a piece of text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Text colour, one of sixteen; `None` for the page's own.
    pub foreground: Option<u8>,
    /// Background colour, one of sixteen; `None` for the page's own.
    pub background: Option<u8>,
    /// A combination of [`Style::BOLD`] and the other bits.
    pub attributes: u8,
}

impl Style {
    /// SGR 1.
    pub const BOLD: u8 = 1;
    /// SGR 2.
    pub const DIM: u8 = 1 << 1;
    /// SGR 3.
    pub const ITALIC: u8 = 1 << 2;
    /// SGR 4.
    pub const UNDERLINE: u8 = 1 << 3;
    /// SGR 7.
    pub const INVERSE: u8 = 1 << 4;
    /// SGR 9.
    pub const STRIKE: u8 = 1 << 5;

    /// CSS class names, separated by spaces; empty for plain text. The colours are defined in the style
    /// sheet, so that they are legible in both themes.
    pub fn class(self) -> String {
        const ATTRIBUTES: [(u8, &str); 6] = [
            (Style::BOLD, "bold"),
            (Style::DIM, "dim"),
            (Style::ITALIC, "italic"),
            (Style::UNDERLINE, "underline"),
            (Style::INVERSE, "inverse"),
            (Style::STRIKE, "strike"),
        ];
        let mut class = String::new();
        for (letter, colour) in [("f", self.foreground), ("b", self.background)] {
            if let Some(colour) = colour {
                class.push_str(letter);
                class.push_str(&colour.to_string());
                class.push(' ');
            }
        }
        for (bit, name) in ATTRIBUTES {
            if self.attributes & bit != 0 {
                class.push_str(name);
                class.push(' ');
            }
        }
        class.truncate(class.trim_end().len());
        class
    }

    fn switch(&mut self, bits: u8, on: bool) {
        if on {
            self.attributes |= bits;
        } else {
            self.attributes &= !bits;
        }
    }

    /// Applies the parameters of an SGR sequence (ECMA-48, 8.3.117; 38 and 48 as in ITU T.416 and xterm).
    pub(super) fn apply(&mut self, parameters: &str) {
        let mut groups = parameters.split(';');
        while let Some(group) = groups.next() {
            let mut parts = group.split(':').map(|part| part.parse::<u16>().ok());
            let code = parts.next().flatten().unwrap_or(0);
            let rest: Vec<_> = parts.flatten().collect();
            match code {
                38 | 48 => {
                    let colour = match rest.as_slice() {
                        [] => extended(&mut groups.by_ref().map(|part| part.parse().ok())),
                        [5, n] => indexed(*n),
                        [2, .., r, g, b] => Some(nearest(*r, *g, *b)),
                        _ => None,
                    };
                    let slot = if code == 38 {
                        &mut self.foreground
                    } else {
                        &mut self.background
                    };
                    *slot = colour.or(*slot);
                }
                4 if rest == [0] => self.switch(Self::UNDERLINE, false),
                _ => self.set(code),
            }
        }
    }

    fn set(&mut self, code: u16) {
        match code {
            0 => *self = Self::default(),
            1 => self.switch(Self::BOLD, true),
            2 => self.switch(Self::DIM, true),
            3 => self.switch(Self::ITALIC, true),
            4 | 21 => self.switch(Self::UNDERLINE, true),
            7 => self.switch(Self::INVERSE, true),
            9 => self.switch(Self::STRIKE, true),
            22 => self.switch(Self::BOLD | Self::DIM, false),
            23 => self.switch(Self::ITALIC, false),
            24 => self.switch(Self::UNDERLINE, false),
            27 => self.switch(Self::INVERSE, false),
            29 => self.switch(Self::STRIKE, false),
            30..=37 => self.foreground = indexed(code - 30),
            39 => self.foreground = None,
            40..=47 => self.background = indexed(code - 40),
            49 => self.background = None,
            90..=97 => self.foreground = indexed(code - 90 + 8),
            100..=107 => self.background = indexed(code - 100 + 8),
            _ => {}
        }
    }
}

/// The colour after 38 or 48, from the following parameters.
fn extended(parameters: &mut dyn Iterator<Item = Option<u16>>) -> Option<u8> {
    match parameters.next()?? {
        5 => indexed(parameters.next()??),
        2 => {
            let (r, g, b) = (
                parameters.next()??,
                parameters.next()??,
                parameters.next()??,
            );
            Some(nearest(r, g, b))
        }
        _ => None,
    }
}

/// The nearest of the sixteen colours for one of xterm's 256.
fn indexed(n: u16) -> Option<u8> {
    match n {
        0..=15 => Some(n as u8),
        16..=231 => {
            let level = |step: u16| if step == 0 { 0 } else { 55 + step * 40 };
            let cube = n - 16;
            Some(nearest(
                level(cube / 36),
                level(cube / 6 % 6),
                level(cube % 6),
            ))
        }
        232..=255 => {
            let grey = 8 + (n - 232) * 10;
            Some(nearest(grey, grey, grey))
        }
        _ => None,
    }
}

/// The nearest of the sixteen colours by hue; for greys, by lightness.
fn nearest(r: u16, g: u16, b: u16) -> u8 {
    /// Colours with a smaller difference between their channels are greys.
    const GREY: i32 = 40;
    /// Colours whose strongest channel is at least this are bright.
    const BRIGHT: i32 = 200;
    let [r, g, b] = [r, g, b].map(|channel| i32::from(channel.min(255)));
    let (most, least) = (r.max(g).max(b), r.min(g).min(b));
    let range = most - least;
    if range < GREY {
        return match most {
            ..64 => 0,
            64..160 => 8,
            160..224 => 7,
            _ => 15,
        };
    }
    // Sixths of the colour wheel: red, yellow, green, cyan, blue, magenta.
    let hue = if most == r {
        (60 * (g - b) / range).rem_euclid(360)
    } else if most == g {
        120 + 60 * (b - r) / range
    } else {
        240 + 60 * (r - g) / range
    };
    let colour = match (hue + 30) / 60 % 6 {
        0 => 1,
        1 => 3,
        2 => 2,
        3 => 6,
        4 => 4,
        _ => 5,
    };
    if most >= BRIGHT { colour + 8 } else { colour }
}

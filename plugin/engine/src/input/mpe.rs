//! Whether the player's keys each have a MIDI channel of their own: MPE, set by the musician or by the keyboard.
//!
//! A keyboard says so with registered parameter 6 on channel 1: the number of channels that it uses, 0 for none ("MIDI
//! Polyphonic Expression", 1.1, section 2.1).

const MASTER: u8 = 0;
const REGISTERED_MSB: u8 = 101;
const REGISTERED_LSB: u8 = 100;
const OTHER_PARAMETERS: std::ops::RangeInclusive<u8> = 98..=99;
const DATA_ENTRY: u8 = 6;
/// The number of the registered parameter.
const MPE_CONFIGURATION: (Option<u8>, Option<u8>) = (Some(0), Some(6));

/// What the keyboard has said.
#[derive(Debug, Default)]
pub struct MpeMessage {
    /// The registered parameter that is chosen, its coarse and its fine part.
    chosen: (Option<u8>, Option<u8>),
    is_on: bool,
}

impl MpeMessage {
    /// A controller moves.
    pub fn control(&mut self, channel: u8, number: u8, value: f32) {
        if channel != MASTER {
            return;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 127; `as` saturates")]
        let value = (value * 127.0).round() as u8;
        match number {
            REGISTERED_MSB => self.chosen.0 = Some(value),
            REGISTERED_LSB => self.chosen.1 = Some(value),
            number if OTHER_PARAMETERS.contains(&number) => self.chosen = (None, None),
            DATA_ENTRY if self.chosen == MPE_CONFIGURATION => self.is_on = value > 0,
            _ => {}
        }
    }

    /// Whether the keyboard has switched MPE on.
    pub fn is_on(&self) -> bool {
        self.is_on
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registered_parameter_6_on_channel_1_switches_mpe() {
        let play = |messages: &[(u8, u8, u8)]| {
            let mut mpe = MpeMessage::default();
            for (channel, number, value) in messages {
                mpe.control(*channel, *number, f32::from(*value) / 127.0);
            }
            mpe.is_on()
        };
        assert!(play(&[(0, 101, 0), (0, 100, 6), (0, 6, 15)]));
        assert!(play(&[(0, 100, 6), (0, 101, 0), (0, 6, 1)]));
        assert!(!play(&[(0, 101, 0), (0, 100, 6), (0, 6, 15), (0, 6, 0)]));
        assert!(!play(&[(0, 101, 0), (0, 100, 0), (0, 6, 15)]), "the range of the wheel");
        assert!(!play(&[(0, 101, 0), (0, 100, 6), (0, 99, 0), (0, 6, 15)]));
        assert!(!play(&[(1, 101, 0), (1, 100, 6), (1, 6, 15)]), "another channel");
        assert!(!play(&[(0, 6, 15)]));
    }
}

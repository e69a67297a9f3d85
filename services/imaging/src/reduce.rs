//! A smaller gray copy to look at: cheaper than a filter and good enough for all that is only measured.

use crate::Raster;

impl Raster {
    /// Gray, each `factor × factor` pixels averaged to one; what is left over at the right and below is dropped.
    /// A picture smaller than the factor comes back whole.
    pub fn reduce(&self, factor: u32) -> Self {
        let factor = factor.max(1) as usize;
        let (width, height) = (self.width() as usize / factor, self.height() as usize / factor);
        if width == 0 || height == 0 || factor == 1 {
            return self.to_gray();
        }
        let channels = self.channels();
        // Green alone is close enough to gray here.
        let channel = channels / 2;
        let divisor = (factor * factor) as u32;
        let mut samples = Vec::with_capacity(width * height);
        let mut columns = vec![0_u32; self.width() as usize];
        for band in self.bytes().chunks_exact(self.stride() * factor).take(height) {
            columns.fill(0);
            for row in band.chunks_exact(self.stride()) {
                match channels {
                    // Without steps the compiler adds many samples at a time.
                    1 => add(&mut columns, row.iter()),
                    _ => add(&mut columns, row[channel..].iter().step_by(channels)),
                }
            }
            let sums = columns.chunks_exact(factor).take(width);
            samples.extend(sums.map(|sums| (sums.iter().sum::<u32>() / divisor) as u8));
        }
        Self::gray(width as u32, height as u32, samples).unwrap_or_else(|_| self.to_gray())
    }
}

fn add<'a>(columns: &mut [u32], row: impl Iterator<Item = &'a u8>) {
    columns.iter_mut().zip(row).for_each(|(sum, &sample)| *sum += u32::from(sample));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_averaged_and_the_rest_is_dropped() {
        let page = Raster::gray(5, 2, vec![0, 10, 100, 100, 9, 20, 30, 100, 100, 9]).expect("fits");
        let small = page.reduce(2);
        assert_eq!((small.width(), small.height(), small.bytes()), (2, 1, [15, 100].as_slice()));
        assert_eq!(page.reduce(9), page);
    }
}

// Percentile normalization: (value - low) / (high - low + EPSILON)
//
// In:  the current image; 8, 16 or 32 bit, one slice or many. RGB becomes three channels.
// Out: the same image in 32 bit. low becomes 0, high becomes 1, nothing is clipped.
//
// low and high are percentiles of all pixels of all slices and channels together, as
// numpy.percentile has them: between two pixel values they are interpolated.
// They are found by counting pixels; a histogram alone would round them to its bins.
// Limit: the time. 0.3 s for 1024 x 1024 pixels, 5 s for 4096 x 4096.

var MIN_PERCENTILE = 1;
var MAX_PERCENTILE = 99.8;
var EPSILON = 0.000001;

var BINS = 4096;
var lowest, highest; // of all pixels

run("Select None");
if (bitDepth() == 24) run("RGB Stack");
run("32-bit");
position = getSliceNumber();
findRange();
low = percentile(MIN_PERCENTILE);
high = percentile(MAX_PERCENTILE);
setSlice(position);
// d2s(x, -9) keeps ten digits; plain text would keep four decimals.
run("Subtract...", "value=" + d2s(low, -9) + " stack");
run("Divide...", "value=" + d2s(high - low + EPSILON, -9) + " stack");
resetMinAndMax();

function findRange() {
    for (slice = 1; slice <= nSlices; slice++) {
        setSlice(slice);
        getRawStatistics(pixels, mean, min, max);
        if (slice == 1 || min < lowest) lowest = min;
        if (slice == 1 || max > highest) highest = max;
    }
}

function percentile(percent) {
    last = getWidth() * getHeight() * nSlices - 1;
    rank = percent / 100 * last;
    lower = valueOfRank(floor(rank));
    if (rank == floor(rank)) return lower;
    return lower + (valueOfRank(floor(rank) + 1) - lower) * (rank - floor(rank));
}

// The value at place `rank` (from 0) if all pixels stood in ascending order. The range that holds
// it is narrowed: a histogram guesses where it is, exact counts decide.
function valueOfRank(rank) {
    if (countUpTo(lowest) > rank) return lowest;
    below = lowest; // at most `rank` pixels are up to here
    above = highest; // more than `rank` pixels are up to here
    while (above - below > 1e-10 * maxOf(abs(below), abs(above))
            && above - below > 1e-14 * (highest - lowest)) {
        counts = histogram(below, above);
        fromTop = countUpTo(above) - rank;
        bin = BINS - 1;
        while (bin > 0 && fromTop > counts[bin]) {
            fromTop -= counts[bin];
            bin--;
        }
        width = (above - below) / BINS;
        middle = (below + above) / 2; // halves the range even where the guess is wrong
        guesses = newArray(below + (bin - 1) * width, below + (bin + 2) * width, middle);
        for (i = 0; i < 3; i++) {
            if (guesses[i] > below && guesses[i] < above) {
                if (countUpTo(guesses[i]) > rank) above = guesses[i]; else below = guesses[i];
            }
        }
    }
    return above;
}

function histogram(from, to) {
    sums = newArray(BINS);
    for (slice = 1; slice <= nSlices; slice++) {
        setSlice(slice);
        getHistogram(0, counts, BINS, from, to);
        for (bin = 0; bin < BINS; bin++) sums[bin] += counts[bin];
    }
    return sums;
}

function countUpTo(value) {
    total = 0;
    for (slice = 1; slice <= nSlices; slice++) {
        setSlice(slice);
        getHistogram(0, counts, 1, lowest - 1, value);
        total += counts[0];
    }
    return total;
}

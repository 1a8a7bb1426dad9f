// Mean and standard deviation normalization: (value - mean) / (deviation + EPSILON)
//
// In:  the current image; 8, 16 or 32 bit, one slice or many. RGB becomes three channels.
// Out: the same image in 32 bit, with mean 0 and standard deviation 1.
//
// Mean and deviation are those of all pixels of all slices and channels together. The deviation
// is that of the population, as numpy.std has it.

var EPSILON = 0.000001;

run("Select None");
if (bitDepth() == 24) run("RGB Stack");
run("32-bit");
position = getSliceNumber();
pixels = getWidth() * getHeight(); // of a slice
mean = 0;
for (slice = 1; slice <= nSlices; slice++) {
    setSlice(slice);
    getRawStatistics(n, sliceMean);
    mean += sliceMean / nSlices;
}
squares = 0;
for (slice = 1; slice <= nSlices; slice++) {
    setSlice(slice);
    getRawStatistics(n, sliceMean, min, max, deviation);
    // ImageJ divides by n - 1, and has no deviation of a single pixel.
    if (n > 1) squares += deviation * deviation * (n - 1);
    squares += n * (sliceMean - mean) * (sliceMean - mean);
}
setSlice(position);
deviation = sqrt(squares / (pixels * nSlices));
// d2s(x, -9) keeps ten digits; plain text would keep four decimals.
run("Subtract...", "value=" + d2s(mean, -9) + " stack");
run("Divide...", "value=" + d2s(deviation + EPSILON, -9) + " stack");
resetMinAndMax();

// Binarize: pixels above THRESHOLD become 255, all others 0
//
// In:  the current image, such as a probability map; one slice or many.
// Out: the same image in 8 bit, with white objects on black.
//
// A pixel equal to the threshold is not above it.

var THRESHOLD = 0.5;

run("Select None");
run("32-bit");
position = getSliceNumber();
// The sign of the difference decides, so that values next to the threshold are not rounded to it.
run("Subtract...", "value=" + d2s(THRESHOLD, -9) + " stack");
for (slice = 1; slice <= nSlices; slice++) {
    setSlice(slice);
    changeValues(-1e38, 0, -1);
    changeValues(0, 1e38, 255);
    changeValues(-1, -1, 0);
    setMinAndMax(0, 255); // the range that 8 bit takes over as it is
}
setSlice(position);
run("8-bit");
run("Grays");

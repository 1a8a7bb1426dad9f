// Threshold, split touching objects, and list them
//
// In:  the current image, such as a probability map with bright objects; one slice or many.
// Out: the label image "labels" (0 = background), current; one ROI for each object in the
//      ROI Manager; one row for each object in the Results table. Object n has label n, ROI n and
//      row n. The image itself stays open as it is.
//
// Objects that touch are split by ImageJ's watershed of the distance map, at their necks.

var THRESHOLD = 0.5; // objects are brighter
var MIN_AREA = 10; // px; smaller objects are dropped
var SPLIT = true; // false keeps touching objects together

setOption("BlackBackground", true);
run("Set Measurements...", "area centroid perimeter shape redirect=None decimal=3");
run("Select None");
stack = "";
if (nSlices > 1) stack = " stack";
run("Duplicate...", "title=mask duplicate");
mask = getImageID();
binarize();
if (SPLIT) run("Watershed", stack);
run("Analyze Particles...",
    "size=" + MIN_AREA + "-Infinity pixel show=[Count Masks] display clear add" + stack);
rename("labels");
labels = getImageID();
selectImage(mask);
close();
selectImage(labels);

// White objects on black, in 8 bit, on all slices.
function binarize() {
    run("32-bit");
    run("Subtract...", "value=" + d2s(THRESHOLD, -9) + " stack");
    for (slice = 1; slice <= nSlices; slice++) {
        setSlice(slice);
        changeValues(-1e38, 0, -1);
        changeValues(0, 1e38, 255);
        changeValues(-1, -1, 0);
        setMinAndMax(0, 255); // the range that 8 bit takes over as it is
    }
    run("8-bit");
    run("Grays");
}

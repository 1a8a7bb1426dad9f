// Labels from the output of a network that marks the contours of objects
//
// In:  the current image, two-dimensional, either
//      - a class map: channels (or slices) with the scores of background, inside and contour, or
//      - a contour map: a single slice, bright where two objects meet.
// Out: the label image "labels" (0 = background and contours), current. The map stays open.
//
// In a class map a pixel is inside an object where the score of the inside is the greatest. In a
// contour map every region that contours enclose is an object; MAX_AREA can drop the background.
// Limit: the time, since every pixel is read. 1 s for 1024 x 1024 pixels.

var INSIDE_CHANNEL = 2; // of a class map, counted from 1
var CONTOUR_THRESHOLD = 0.5; // of a contour map; contours are brighter
var MIN_AREA = 10; // px
var MAX_AREA = 1e9; // px
var FILL_HOLES = true; // of the objects of a class map
var SPLIT = false; // true also splits objects at their necks, by ImageJ's watershed

var map = getImageID();

setOption("BlackBackground", true);
run("Select None");
isClassMap = nSlices > 1;
if (isClassMap) {
    inside = scoreOfInside();
    binarize(0);
    if (FILL_HOLES) run("Fill Holes");
    neighbors = "8-connected";
} else {
    inside = copySlice(1);
    binarize(CONTOUR_THRESHOLD);
    run("Invert");
    // A thin contour may run diagonally: regions must not meet across its corners.
    neighbors = "4-connected";
}
if (SPLIT) run("Watershed");
labelRegions(neighbors);
rename("labels");

// The regions of 255 in the current image become 1, 2, 3, ... in 16 bit, those of a wrong size 0.
function labelRegions(neighbors) {
    width = getWidth();
    height = getHeight();
    run("16-bit");
    changeValues(255, 255, 65535); // not labelled yet
    found = 0;
    for (y = 0; y < height; y++) {
        for (x = 0; x < width; x++) {
            if (getPixel(x, y) == 65535) {
                found++;
                if (found == 65535) exit("There are more than 65534 regions in the contour map.");
                setColor(found);
                floodFill(x, y, neighbors);
            }
        }
    }
    getHistogram(0, areas, 65536);
    kept = 0;
    labels = newArray(found + 1);
    for (region = 1; region <= found; region++) {
        if (areas[region] >= MIN_AREA && areas[region] <= MAX_AREA) {
            kept++;
            labels[region] = kept;
        }
    }
    for (y = 0; y < height; y++) {
        for (x = 0; x < width; x++) setPixel(x, y, labels[getPixel(x, y)]);
    }
    setMinAndMax(0, maxOf(1, kept));
}

// A new image: the score of the inside minus the greatest of the other scores.
function scoreOfInside() {
    channels = nSlices;
    inside = copySlice(INSIDE_CHANNEL);
    others = 0;
    for (channel = 1; channel <= channels; channel++) {
        if (channel != INSIDE_CHANNEL) {
            copy = copySlice(channel);
            if (others == 0) {
                others = copy;
            } else {
                imageCalculator("Max", others, copy);
                selectImage(copy);
                close();
            }
        }
    }
    imageCalculator("Subtract", inside, others);
    selectImage(others);
    close();
    selectImage(inside);
    return inside;
}

// A new image, current: one slice of the map in 32 bit.
function copySlice(slice) {
    selectImage(map);
    position = getSliceNumber();
    setSlice(slice);
    run("Duplicate...", "title=slice");
    run("32-bit");
    copy = getImageID();
    selectImage(map);
    setSlice(position);
    selectImage(copy);
    return copy;
}

// White where the current image is above the threshold, in 8 bit.
function binarize(threshold) {
    run("Subtract...", "value=" + d2s(threshold, -9));
    changeValues(-1e38, 0, -1);
    changeValues(0, 1e38, 255);
    changeValues(-1, -1, 0);
    setMinAndMax(0, 255); // the range that 8 bit takes over as it is
    run("8-bit");
    run("Grays");
}

// Measure each object of a label image
//
// In:  the current image: labels 1, 2, 3, ... on a background of 0; one slice or many.
// Out: the Results table with a row for each object, on a stack for each object of each slice.
//      The image stays as it is.
//
// Columns: Object (the label), Area, X and Y (the centroid) in the unit of the image; BX, BY,
// Width and Height (the bounding box) in px; Mean of the intensity image, if one is named; Slice
// on a stack. An object is all pixels of its label, also if they do not touch.
// Limit: the time, since every pixel is read. 1 s for 1024 x 1024 pixels.

var INTENSITY_IMAGE = ""; // title of an open image of the same size, in which Mean is measured

var labels = getImageID();

run("Select None");
position = getSliceNumber();
slices = nSlices;
for (slice = 1; slice <= slices; slice++) measureSlice(slice);
selectImage(labels);
setSlice(position);
updateResults();

function measureSlice(slice) {
    selectImage(labels);
    setSlice(slice);
    width = getWidth();
    height = getHeight();
    getRawStatistics(pixels, mean, min, most);
    count = newArray(most + 1);
    sumX = newArray(most + 1);
    sumY = newArray(most + 1);
    left = newArray(most + 1);
    right = newArray(most + 1);
    top = newArray(most + 1);
    bottom = newArray(most + 1);
    for (y = 0; y < height; y++) {
        for (x = 0; x < width; x++) {
            object = getPixel(x, y);
            if (object > 0) {
                if (count[object] == 0) {
                    left[object] = x;
                    top[object] = y;
                }
                count[object] += 1;
                sumX[object] += x;
                sumY[object] += y;
                left[object] = minOf(left[object], x);
                right[object] = maxOf(right[object], x);
                bottom[object] = y;
            }
        }
    }
    getPixelSize(unit, pixelWidth, pixelHeight);
    if (INTENSITY_IMAGE != "") sumI = intensities(slice, most);
    for (object = 1; object <= most; object++) {
        if (count[object] > 0) {
            row = nResults;
            setResult("Object", row, object);
            setResult("Area", row, count[object] * pixelWidth * pixelHeight);
            // The middle of the first pixel is at 0.5, as everywhere in ImageJ.
            setResult("X", row, (sumX[object] / count[object] + 0.5) * pixelWidth);
            setResult("Y", row, (sumY[object] / count[object] + 0.5) * pixelHeight);
            setResult("BX", row, left[object]);
            setResult("BY", row, top[object]);
            setResult("Width", row, right[object] - left[object] + 1);
            setResult("Height", row, bottom[object] - top[object] + 1);
            if (INTENSITY_IMAGE != "") setResult("Mean", row, sumI[object] / count[object]);
            if (nSlices > 1) setResult("Slice", row, slice);
        }
    }
}

// The sum of the intensities of each object, by its label. Two images are read in turn, row by row.
function intensities(slice, most) {
    sums = newArray(most + 1);
    width = getWidth();
    row = newArray(width);
    for (y = 0; y < getHeight(); y++) {
        selectImage(labels);
        for (x = 0; x < width; x++) row[x] = getPixel(x, y);
        selectWindow(INTENSITY_IMAGE);
        if (y == 0 && nSlices > 1) setSlice(slice);
        for (x = 0; x < width; x++) {
            if (row[x] > 0) sums[row[x]] += getPixel(x, y);
        }
    }
    selectImage(labels);
    return sums;
}

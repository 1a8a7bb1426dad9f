// Takes away uneven light, and scales what is left by its standard deviation.
// The network was trained on images that were prepared this way.
background = 99; // px; sigma of the blur that is the background

image = getImageID();
run("32-bit");
run("Duplicate...", "title=level_background");
run("Gaussian Blur...", "sigma=" + background);
imageCalculator("Subtract", image, "level_background");
close("level_background");
selectImage(image);
getRawStatistics(count, mean, min, max, deviation);
run("Divide...", "value=" + d2s(deviation, -9));

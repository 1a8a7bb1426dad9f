// From the probability to nuclei: threshold, watershed, Analyze Particles.
// Leaves a label image, a ROI for each nucleus and their measurements in Results.
threshold = 0.5; // the rim of a nucleus
minimum = 25;    // px; smaller objects are dust

probability = getTitle();
base = replace(probability, "_probability", "");

setOption("BlackBackground", true);
run("Duplicate...", "title=nuclei_mask");
setThreshold(threshold, 1e30);
run("Convert to Mask");
run("Watershed");
run("Set Measurements...", "area centroid shape redirect=None decimal=3");
run("Analyze Particles...", "size=" + minimum + "-Infinity pixel show=[Count Masks] display clear add");
rename(base + "_labels");
resetMinAndMax();
close("nuclei_mask");

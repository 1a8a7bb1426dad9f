// From the probability to nuclei: what is connected above a threshold, in all three dimensions.
// Leaves a label image.
threshold = 0.5; // the rim of a nucleus

probability = getTitle();
base = replace(probability, "_probability", "");
run("Duplicate...", "title=nuclei_depth duplicate");
run("Multiply...", "value=-1 stack"); // the watershed floods low values first
selectImage(probability);
run("Duplicate...", "title=nuclei_mask duplicate");
setOption("BlackBackground", true);
setThreshold(threshold, 1e30);
run("Convert to Mask", "background=Dark black");
run("Marker-controlled Watershed",
    "input=nuclei_depth marker=nuclei_mask mask=nuclei_mask binary use");
rename(base + "_labels");
resetMinAndMax();
labels = getImageID();
close("nuclei_*");
selectImage(labels);

// Find nuclei in a stack, in three dimensions.
//
// In:  an image as argument, or else the current image.
// Out: a label image, current; its LUT shows each label in a colour of its own.
//
// Needs the model: deepimagej install example:unet3d
// Without a display: deepimagej macro unet3d.ijm IMAGE

image = getArgument();
if (image != "") open(image);
run("DeepImageJ Run", "model=[Nuclei 3D U-Net]");
Stack.getStatistics(voxels, mean, min, count);
print(count + " nuclei in " + getTitle());

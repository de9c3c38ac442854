/** The group and version of every Skupper resource. */
export const apiVersion = "skupper.io/v2alpha1";
